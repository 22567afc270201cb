// Plain numbers in a file of their own, so that a form in a browser has them without the schemas.

/** Session length in seconds: contract §11.2. */
export const sessionDuration = { minimum: 60, maximum: 14_400, default: 7_200 } as const;
export const maxAgentsLimit = 50;
