/** The look of links within text. */
export const linkStyle = 'text-accent underline underline-offset-4 hover:text-accent-hover wrap-anywhere';
/** Of the name that leads to a row's own page: the column says that it is a link. */
export const nameLink = 'text-accent hover:underline underline-offset-4 wrap-anywhere';
/** A link that looks like a button. */
export const buttonLink =
  'inline-flex min-h-9 items-center justify-center gap-2 rounded-lg border border-line bg-card px-3.5 py-1.5 text-sm font-medium hover:bg-sunken';
