const place = 'pipecat-theme';
export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** What was chosen in this browser; the system's scheme where nothing was. */
export function chosenTheme(): Theme {
  const kept = globalThis.localStorage?.getItem(place);
  return themes.find((theme) => theme === kept) ?? 'system';
}

export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Applies it, and keeps it for the next visit: the only thing that the dashboard keeps in a browser. */
export function chooseTheme(theme: Theme): void {
  if (theme === 'system') localStorage.removeItem(place);
  else localStorage.setItem(place, theme);
  applyTheme(theme);
}
