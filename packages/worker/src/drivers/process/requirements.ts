/**
 * Whether a requirements file says all that is installed from it. False where it may refer to other files of its context: what pip
 * takes for a path, or an option with one. What is not known here counts as such.
 */
export function standsAlone(requirements: string): boolean {
  return joined(requirements).every(
    (line) => line === '' || isPackage(line) || alone.some((shape) => shape.test(line)),
  );
}

/** Logical lines, as pip reads them: continued ones are one, comments are gone, and a line that is nothing else ends what is continued. */
function joined(text: string): string[] {
  return text
    .replaceAll(/^[ \t]*#.*$/gm, '')
    .replaceAll(/\\\r?\n/g, '')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim());
}

/** A package by its name, with versions, marker and hashes. pip takes any name for a path that has a slash or is an archive's. */
function isPackage(line: string): boolean {
  const [requirement = ''] = line.split(/\s--hash\b|;/);
  return /^[a-z\d][\w\s.,*+!<>=~^()[\]-]*$/i.test(requirement) && !archive.test(requirement);
}

const archive = /\.(zip|whl|tar|tgz|tbz|txz|tlz|tar\.\w+)(\s|$)/i;

/** Options without a path, and what comes from an address. */
const alone: readonly RegExp[] = [
  /^(-i|--(extra-)?index-url)[\s=]+https?:\/\/\S+$/,
  /^--(no-index|pre|prefer-binary|require-hashes)$/,
  /^--(no-binary|only-binary|trusted-host|use-feature)[\s=]+[\w.,:-]+$/,
  /^[a-z\d][\w.-]*\s*(\[[\w.,\s-]*\]\s*)?@\s*(git\+)?https?:\/\/[^;]+(;[^/]*)?$/i,
];
