/** Numbers and names of the worker channel, apart from its schemas so that a worker needn't load a schema library. */
export const workerProtocolVersion = 1;
/** The largest frame either side accepts, in bytes. */
export const workerFrameLimit = 8 * 1024 * 1024;
/** Header of every hop to a worker's data port; see `HopClaims`. */
export const hopHeader = 'x-pipecat-cloud-hop';
/** Header of a worker's own refusal of a hop, so that it is never taken for an answer of the instance. */
export const hopRefusedHeader = 'x-pipecat-cloud-hop-refused';
/**
 * `preparing` its files · `starting` until its port answers · `ready` idle · `busy` holds a session · `settling` its session has
 * ended but the bot is not known to have finished · `exited` by itself or removed · `failed` never became ready.
 */
export const instanceStates = ['preparing', 'starting', 'ready', 'busy', 'settling', 'exited', 'failed'] as const;
export type InstanceState = (typeof instanceStates)[number];
