/** Numbers and names of the worker channel, apart from its schemas so that a worker needn't load a schema library. */
export const workerProtocolVersion = 1;
/** The largest frame either side accepts, in bytes. */
export const workerFrameLimit = 8 * 1024 * 1024;
/** Header of every hop to a worker's data port; see `HopClaims`. */
export const hopHeader = 'x-pipecat-cloud-hop';
/** Header of a worker's own refusal of a hop, so that it is never taken for an answer of the instance. */
export const hopRefusedHeader = 'x-pipecat-cloud-hop-refused';
