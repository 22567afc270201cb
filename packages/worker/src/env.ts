/** Every environment variable that a worker reads. The table in the documentation is made from this one. */
export const variables = {
  PORT: { default: '7400', about: 'Port of the control plane on this machine' },
  PIPECAT_CLOUD_DATA_DIR: { default: './data', about: "The control plane's data folder on this machine" },
  PIPECAT_CLOUD_CONTROL_URL: { default: '', about: 'How to reach the control plane; empty for http://127.0.0.1:PORT' },
  PIPECAT_CLOUD_WORKER_DIR: {
    default: '',
    about: 'Folder of instances and builds; empty for worker in the data folder',
  },
  PIPECAT_CLOUD_WORKER_NAME: { default: '', about: 'Name for people; empty for the host name' },
  PIPECAT_CLOUD_WORKER_ENROLMENT_FILE: {
    default: '',
    about: 'File with the one-time token; empty for worker-enrolment in the data folder',
  },
  PIPECAT_CLOUD_WORKER_DATA_HOST: { default: '127.0.0.1', about: 'Address of the port where sessions are relayed' },
  PIPECAT_CLOUD_WORKER_DATA_PORT: { default: '0', about: 'That port; 0 for any' },
  PIPECAT_CLOUD_WORKER_DRIVER: {
    default: '',
    about:
      'How agents run: docker (in containers) or process (as local processes, without isolation); empty for docker where an engine answers, with agents that have [local] in pcc-deploy.toml beside it as processes, else process',
  },
  PIPECAT_CLOUD_WORKER_ENGINE: {
    default: '',
    about:
      'Address of the container engine, Docker or Podman: unix:///var/run/docker.sock or tcp://127.0.0.1:2375; empty for DOCKER_HOST, then the usual sockets',
  },
  PIPECAT_CLOUD_WORKER_SECRETS_DIR: {
    default: '',
    about:
      'Folder of secret sets that stay on this machine, NAME.env each; empty for secrets in the folder of the worker',
  },
  PIPECAT_CLOUD_WORKER_PASS_ENVIRONMENT: {
    default: 'HTTP_PROXY,HTTPS_PROXY,NO_PROXY,http_proxy,https_proxy,no_proxy',
    about: "Names of the worker's own variables that builds and instances get too, with commas",
  },
  PIPECAT_CLOUD_WORKER_BUILDS: {
    default: '2',
    about: 'Builds at once, 1 to 64; of several, one place is left to other organizations',
  },
  PIPECAT_CLOUD_WORKER_BUILD_CACHE_GIB: {
    default: '10',
    about: "To this many GiB the container engine's build cache is cut down after each build; 0 leaves it alone",
  },
  PIPECAT_CLOUD_WORKER_IMAGE_DAYS: {
    default: '1',
    about:
      'Days that an image that the worker pulled stays without an instance; then it is removed unless an agent may run it again; 0 to keep all',
  },
  PIPECAT_CLOUD_WORKER_NETWORKS_APART: {
    default: 'no',
    about:
      'yes once the firewall of this machine keeps the networks of organizations apart where the container engine does not (Podman): the warning ends',
  },
  PIPECAT_CLOUD_WORKER_BUILD_BASE_IMAGES: {
    default: 'registry',
    about:
      'Where FROM looks: registry, or local for images that lie on the container engine first, whoever pulled them',
  },
  PIPECAT_CLOUD_WORKER_LOG_RATE: {
    default: '1024',
    about:
      'KiB of log a second that one instance may write for long, 16 times that at once; what is beyond is left out, with a line that says how much; 0 for no limit',
  },
  PIPECAT_CLOUD_SUPERVISOR: {
    default: '',
    about:
      'Set by npm start for the control plane and the worker that it starts: they hand each other the sockets of sessions',
  },
  PIPECAT_CLOUD_LOG_LEVEL: { default: 'info', about: 'trace, debug, info, warn, error, fatal or silent' },
} as const;
export type VariableName = keyof typeof variables;
