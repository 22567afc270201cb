/**
 * `work`, one call after the other. A call that comes while another is under way waits for it and then has its own: so that what was
 * noted before the call is done once it resolves, also where the other had taken it along.
 */
export function oneAtATime<A extends unknown[], T>(work: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (...args) => {
    const run = () => work(...args);
    const mine = last.then(run, run);
    last = mine;
    return mine;
  };
}
