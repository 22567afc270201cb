type Environment = Readonly<Record<string, string | undefined>>;

/** What the server keeps of it; a longer one would only be cut off. */
const longest = 500;

/**
 * The page of the CI job that this process runs in, for the header `Pipecat-CI-Run`: lists of tokens show it beside the last
 * use. Undefined outside CI, and for whatever is no plain http(s) address: variables are anybody's to set.
 */
export function ciRunAddress(env: Environment): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  const found =
    (server && repository && run ? `${server}/${repository}/actions/runs/${run}` : undefined) ||
    env.CI_JOB_URL ||
    env.BUILDKITE_BUILD_URL ||
    env.CIRCLE_BUILD_URL ||
    env.BUILD_URL;
  if (!found || !URL.canParse(found)) return undefined;
  const url = new URL(found);
  // A password in the address must not end up in lists.
  const plain = (url.protocol === 'https:' || url.protocol === 'http:') && !url.username && !url.password;
  return plain && url.href.length <= longest ? url.href : undefined;
}
