import type { InstanceLabels } from '../driver.js';

const label = (name: string) => `pipecat-cloud.${name}`;

/** By these the driver knows its own containers and networks, also those of an earlier worker. */
export const labelNames = {
  installation: label('installation'),
  instanceId: label('instance'),
  organizationId: label('organization'),
  agentId: label('agent'),
  agentName: label('agent-name'),
  deploymentId: label('deployment'),
  /** Names of the variables that came from the secret set, as JSON. */
  secrets: label('secret-names'),
  /** `sha256:…` that the name of its image stood for. */
  imageDigest: label('image-digest'),
} as const;

/** On an image: its root file system may be read-only (it writes to /tmp and /run only). */
export const readOnlyRootLabel = label('read-only-root');

export type Labels = Record<string, string>;

/** Filter of the engine for everything of an installation. */
export const ofInstallation = (installationId: string) => ({
  label: [`${labelNames.installation}=${installationId}`],
});

/** The instance that a container with these labels is. */
export function instanceLabels(labels: Labels): InstanceLabels {
  const read = (name: keyof typeof labelNames) => labels[labelNames[name]] ?? '';
  return {
    instanceId: read('instanceId'),
    organizationId: read('organizationId'),
    agentId: read('agentId'),
    agentName: read('agentName'),
    deploymentId: read('deploymentId'),
  };
}

export function toLabels(installationId: string, instance: InstanceLabels): Labels {
  const { instanceId, organizationId, agentId, agentName, deploymentId } = instance;
  return {
    [labelNames.installation]: installationId,
    [labelNames.instanceId]: instanceId,
    [labelNames.organizationId]: organizationId,
    [labelNames.agentId]: agentId,
    [labelNames.agentName]: agentName,
    [labelNames.deploymentId]: deploymentId,
  };
}

/** Names tell people what belongs together and keep two ensures of one instance from making two. */
export const containerName = (installationId: string, instanceId: string) =>
  plain(`pcc-${installationId}-${instanceId}`);
export const networkName = (installationId: string, organizationId: string) =>
  plain(`pcc-${installationId}-${organizationId}`);

const plain = (name: string) => name.replaceAll(/[^A-Za-z0-9_.-]/g, '-');
