export interface EngineVersion {
  ApiVersion: string;
  MinAPIVersion?: string;
  Version: string;
  Os: string;
  /** In the words of container images: `amd64`, `arm64`. */
  Arch: string;
  Components?: { Name: string; Version: string }[];
}

/** The API version that this client is written for: that of Docker 20.10, and of Podman 4 and later. */
const ours = '1.41';

/** The oldest version from ours on that the engine speaks, so that it behaves the same whatever its age. Throws when it is too old. */
export function negotiateVersion(url: string, engine: EngineVersion): EngineVersion {
  if (typeof engine?.ApiVersion !== 'string') {
    throw new Error(`What answers at ${url} is no container engine`);
  }
  if (compare(engine.ApiVersion, ours) < 0) {
    throw new Error(
      `The container engine at ${url} speaks API ${engine.ApiVersion}; ${ours} is needed: Docker 20.10 or Podman 4, or later`,
    );
  }
  const oldest = engine.MinAPIVersion ?? ours;
  return { ...engine, ApiVersion: compare(oldest, ours) > 0 ? oldest : ours };
}

/** Podman speaks the Engine API, and answers some of its questions in a way of its own. */
export const isPodman = ({ Components }: Pick<EngineVersion, 'Components'>): boolean =>
  Components?.some(({ Name }) => Name.startsWith('Podman')) ?? false;

function compare(left: string, right: string): number {
  const [a, b] = [left, right].map((version) => version.split('.').map(Number));
  return (a?.[0] ?? 0) - (b?.[0] ?? 0) || (a?.[1] ?? 0) - (b?.[1] ?? 0);
}
