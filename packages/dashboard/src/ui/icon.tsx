/** Strokes on a grid of 16; decoration beside words, never alone. */
const paths = {
  overview: 'M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z',
  agents: 'M2 8h1.500M5 5.500v5M8 3v10M11 5.500v5M12.500 8H14',
  builds: 'M8 2l5.500 3v6L8 14l-5.500-3V5zM2.500 5L8 8l5.500-3M8 8v6',
  secrets: 'M3.500 7h9v6.500h-9zM5.500 7V5a2.500 2.500 0 0 1 5 0v2M8 9.500v1.500',
  regions:
    'M8 14s4.500-4 4.500-7.500a4.500 4.500 0 0 0-9 0C3.500 10 8 14 8 14zM8 8a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3z',
  members:
    'M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13.5c.3-2.6 2-4 4.5-4s4.200 1.400 4.500 4M10.500 2.800a2.300 2.300 0 0 1 0 4.400M12 9.800c1.500.5 2.300 1.800 2.500 3.700',
  robot: 'M3 6h10v7.500H3zM8 6V3M6.500 2.500h3M5.800 9v1.200M10.200 9v1.200M1.500 8.500v2.500M14.500 8.500v2.500',
  token: 'M9.500 9.500a3.500 3.500 0 1 1 .9-.9l3.600 3.600v1.800h-2v-1.500h-1.500V11zM6.500 5.500h.01',
  key: 'M5 10.500a2.500 2.500 0 1 1 2.300-3.500H14v2.500h-1.500v1.500H10.500V9.500H7.300A2.500 2.500 0 0 1 5 10.500zM5 8h.01',
  policy: 'M8 1.800l5 2v4c0 3.200-2.200 5.400-5 6.400-2.800-1-5-3.200-5-6.400v-4zM5.800 8l1.600 1.600 2.900-3.200',
  audit: 'M3.500 2h9v12h-9zM6 5.500h4M6 8h4M6 10.500h2.500',
  leak: 'M8 2.200l6 11H2zM8 6.500v3M8 11.500h.01',
  bell: 'M4 11V7.200a4 4 0 0 1 8 0V11l1 1.200H3zM6.700 14h2.600',
  settings: 'M2.500 4.500h6M11.500 4.500h2M2.500 11.500h2M7.500 11.500h6M10 3v3M6 10v3',
  shield: 'M8 1.800l5 2v4c0 3.200-2.200 5.400-5 6.400-2.800-1-5-3.200-5-6.400v-4z',
  terminal: 'M2 3h12v10H2zM4.500 6l2 2-2 2M8 10h3',
  chart: 'M2 14h12M3.500 11.500v-4M6.500 11.500v-8M9.500 11.500v-5M12.500 11.500v-7',
  server: 'M2.500 2.500h11v4.500h-11zM2.500 9h11v4.500h-11zM5 4.750h.01M5 11.250h.01',
  sessions: 'M2.500 3h11v7.500H7.500l-3 2.500v-2.500h-2zM5.500 6.800h.01M8 6.800h.01M10.500 6.800h.01',
  logs: 'M2.500 3.500h11M2.500 6.500h7.500M2.500 9.500h9.500M2.500 12.500h5',
  menu: 'M2.500 4.500h11M2.500 8h11M2.500 11.500h11',
  chevrons: 'M5 6l3-3 3 3M5 10l3 3 3-3',
  check: 'M3 8.500l3.200 3.200L13 4.500',
  more: 'M3.500 8h.01M8 8h.01M12.500 8h.01',
  plus: 'M8 3v10M3 8h10',
  close: 'M4 4l8 8M12 4l-8 8',
} as const;
export type IconName = keyof typeof paths;

export function Icon({ name, className = 'size-4' }: { name: IconName; className?: string }) {
  return (
    <svg
      viewBox="0 0 16 16"
      aria-hidden="true"
      className={`shrink-0 ${className}`}
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2.4 : 1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={paths[name]} />
    </svg>
  );
}
