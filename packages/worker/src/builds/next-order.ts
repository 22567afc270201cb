/**
 * The build to start next, if one may start: of the organization that has the fewest under way, the one that came first. Where several can run
 * at once, one place is left to other organizations, so that whoever sends many long builds does not hold up everybody.
 */
export function nextOrder<Order extends { buildId: string; organizationId: string }>(
  queue: readonly Order[],
  running: readonly Order[],
  places: number,
): Order | undefined {
  if (running.length >= places) return undefined;
  const of = (organizationId: string) => running.filter((order) => order.organizationId === organizationId).length;
  const most = Math.max(1, places - 1);
  let next: Order | undefined;
  for (const order of queue) {
    if (running.some(({ buildId }) => buildId === order.buildId) || of(order.organizationId) >= most) continue;
    if (!next || of(order.organizationId) < of(next.organizationId)) next = order;
  }
  return next;
}
