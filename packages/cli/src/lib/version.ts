declare const CLI_VERSION: string | undefined;

/** Put in by the build, from package.json. */
export const version = typeof CLI_VERSION === 'string' ? CLI_VERSION : '0.0.0-unbundled';
export const userAgent = `PipecatCloudCLI/${version}`;
