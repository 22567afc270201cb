import type { FastifyInstance } from 'fastify';
import type { CredentialUse } from '../access/credential-use.js';
import type { Notify } from '../notifications/notify.js';
import { organizationTokenRoutes } from './organization-token-routes.js';
import { createOrganizationTokens } from './organization-tokens.js';
import { createTokenAdoption } from './token-adoption.js';
import { createTokenPanic } from './token-panic.js';
import { createTokenRotation } from './token-rotation.js';
import { tokenRoutes } from './token-routes.js';
import { createTokenService } from './token-service.js';

/** Everything about tokens: their life, their routes. */
export function composeTokens(
  deps: Parameters<typeof createTokenService>[0] &
    Parameters<typeof createTokenPanic>[0] & { uses: CredentialUse; notify: Notify },
) {
  const rotation = createTokenRotation(deps);
  const adoption = createTokenAdoption(deps);
  const tokens = createTokenService(deps);
  const organizationTokens = createOrganizationTokens({ ...deps, adoption, rotation });
  const panic = createTokenPanic(deps);
  return {
    rotation,
    adoption,
    organizationTokens,
    async register(app: FastifyInstance): Promise<void> {
      await app.register(tokenRoutes, { tokens, rotation, panic });
      await app.register(organizationTokenRoutes, { tokens: organizationTokens, panic });
    },
  };
}
