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
  PIPECAT_CLOUD_WORKER_SECRETS_DIR: {
    default: '',
    about:
      'Folder of secret sets that stay on this machine, NAME.env each; empty for secrets in the folder of the worker',
  },
  PIPECAT_CLOUD_WORKER_PASS_ENVIRONMENT: {
    default: 'HTTP_PROXY,HTTPS_PROXY,NO_PROXY,http_proxy,https_proxy,no_proxy',
    about: "Names of the worker's own variables that builds and instances get too, with commas",
  },
  PIPECAT_CLOUD_WORKER_LOG_RATE: {
    default: '1024',
    about:
      'KiB of log a second that one instance may write for long, 16 times that at once; what is beyond is left out, with a line that says how much; 0 for no limit',
  },
  PIPECAT_CLOUD_LOG_LEVEL: { default: 'info', about: 'trace, debug, info, warn, error, fatal or silent' },
} as const;
export type VariableName = keyof typeof variables;
