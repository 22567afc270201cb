/** Every environment variable that the control plane reads. The table in the documentation is made from this one. */
export const variables = {
  PORT: { default: '7400', about: 'Port of the API and the dashboard' },
  PIPECAT_CLOUD_HOST: { default: '127.0.0.1', about: 'Address to listen on; 0.0.0.0 for every interface' },
  PIPECAT_CLOUD_DATA_DIR: { default: './data', about: 'Folder for the database, keys, logs and builds' },
  PIPECAT_CLOUD_DATABASE_URL: {
    default: '',
    about: 'postgres://… for PostgreSQL; empty for SQLite in the data folder',
  },
  PIPECAT_CLOUD_PUBLIC_URL: { default: '', about: 'How clients reach this server; empty for http://localhost:PORT' },
  PIPECAT_CLOUD_TLS_CERT: {
    default: '',
    about:
      'PEM file of the certificate and its chain, to serve https directly; read again when it changes or on SIGHUP',
  },
  PIPECAT_CLOUD_TLS_KEY: { default: '', about: 'PEM file of the key that belongs to it' },
  PIPECAT_CLOUD_TRUSTED_PROXIES: {
    default: '',
    about: 'Addresses or networks of the proxies in front, separated by commas: their X-Forwarded-For is believed',
  },
  PIPECAT_CLOUD_REGION: {
    default: 'us-west',
    about: 'Code of the region of this installation; organizations may register regions of their own',
  },
  PIPECAT_CLOUD_REGION_NAME: { default: 'This machine', about: "The region's name for people" },
  PIPECAT_CLOUD_SESSION_MINUTE_CENTS: {
    default: '0',
    about:
      'What a minute of a session costs, in cents, such as 1.5: what spend limits are counted in; 0 where nothing is charged',
  },
  PIPECAT_CLOUD_SUPERVISOR: {
    default: '',
    about:
      'Set by npm start for the control plane and the worker that it starts: they hand each other the sockets of sessions',
  },
  PIPECAT_CLOUD_LOG_LEVEL: { default: 'info', about: 'debug, info, warn or error' },
  PIPECAT_CLOUD_BOOTSTRAP_EMAIL: { default: '', about: "First boot: the owner's e-mail address" },
  PIPECAT_CLOUD_BOOTSTRAP_ORG: { default: '', about: 'First boot: name of the first organization' },
  PIPECAT_CLOUD_BOOTSTRAP_TOKEN_FILE: {
    default: '',
    about: 'First boot: where the first token is written, mode 600; empty for bootstrap-token in the data folder',
  },
  PIPECAT_CLOUD_SMTP_URL: {
    default: '',
    about:
      'Mail server: smtp://user:password@host:587 (TLS by STARTTLS is required unless the host is this machine) or smtps://…; empty: codes and invitations go to the terminal',
  },
  PIPECAT_CLOUD_SMTP_URL_FILE: {
    default: '',
    about: 'The same from a file, so that the password is in no environment',
  },
  PIPECAT_CLOUD_MAIL_FROM: {
    default: '',
    about: 'Sender of mails, needed with a mail server: cloud@example.com or Pipecat Cloud <cloud@example.com>',
  },
  PIPECAT_CLOUD_PRIVATE_WEBHOOKS: {
    default: 'off',
    about: 'on: webhooks may also be posted to this machine and to private networks, there with plain http too',
  },
  PIPECAT_CLOUD_ICE_SERVERS: {
    default: 'stun:stun.l.google.com:19302',
    about:
      'STUN and TURN servers for browsers that ask for them (enableDefaultIceServers), separated by commas: stun:host:3478, turn:host:3478?transport=udp, turns:host:5349; off for none',
  },
  PIPECAT_CLOUD_TURN_SECRET: {
    default: '',
    about:
      'Secret that the TURN servers share with this server (static-auth-secret of coturn): each session gets a password of its own from it; better in a file',
  },
  PIPECAT_CLOUD_TURN_SECRET_FILE: { default: '', about: 'File with that secret' },
  PIPECAT_CLOUD_TURN_USERNAME: {
    default: '',
    about: 'For TURN servers that share no secret: the user name that all sessions get',
  },
  PIPECAT_CLOUD_TURN_PASSWORD: { default: '', about: 'Its password, which pages can read; better in a file' },
  PIPECAT_CLOUD_TURN_PASSWORD_FILE: { default: '', about: 'File with that password' },
  PIPECAT_CLOUD_DAILY_API_KEY: {
    default: '',
    about: 'API key of a Daily account that makes rooms for organizations without a key of their own; better in a file',
  },
  PIPECAT_CLOUD_DAILY_API_KEY_FILE: { default: '', about: 'File with that key' },
  PIPECAT_CLOUD_DAILY_API_URL: { default: 'https://api.daily.co/v1', about: 'The Daily REST API' },
  PIPECAT_CLOUD_WORKER_ENROLMENT_FILE: {
    default: '',
    about: 'Where the one-time token for the local worker is written; empty for worker-enrolment in the data folder',
  },
  PIPECAT_CLOUD_S3_BUCKET: {
    default: '',
    about: 'Bucket of an S3-compatible storage that build contexts are uploaded to; empty for the data folder',
  },
  PIPECAT_CLOUD_S3_ENDPOINT: {
    default: '',
    about: 'Its address, such as http://minio:9000 or https://{bucket}.example.com; empty for Amazon S3',
  },
  PIPECAT_CLOUD_S3_PUBLIC_ENDPOINT: {
    default: '',
    about: 'The address that clients post their uploads to; empty for the same',
  },
  PIPECAT_CLOUD_S3_REGION: { default: 'us-east-1', about: 'What that storage calls its region' },
  PIPECAT_CLOUD_S3_PREFIX: { default: '', about: 'What every key in the bucket begins with; empty for nothing' },
  PIPECAT_CLOUD_S3_ACCESS_KEY_ID: {
    default: '',
    about: 'Id of a key that may get, put and delete objects of the bucket, and list it',
  },
  PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY: { default: '', about: "The key's secret; better in a file" },
  PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY_FILE: {
    default: '',
    about: 'File with the secret; read anew for each request, so it can be replaced at any time',
  },
  PIPECAT_CLOUD_UPLOADS_MAX_MB: {
    default: '20480',
    about:
      'MiB of uploads that no build was made of that one organization may have, those under way included; from 564, 0 for no limit',
  },
  PIPECAT_CLOUD_LOG_DAYS: { default: '30', about: 'How many days log lines of agents are kept; 0 for ever' },
  PIPECAT_CLOUD_LOG_AGENT_MAX_MB: {
    default: '1024',
    about: 'MiB of log that one agent keeps at most, the newest lines; 0 for no limit',
  },
  PIPECAT_CLOUD_LOG_MAX_MB: {
    default: '10240',
    about: 'MiB of log that all agents together keep at most: the oldest parts of any go first; 0 for no limit',
  },
  PIPECAT_CLOUD_LOG_EXPORT_LOKI_URL: {
    default: '',
    about: 'Also send log lines to this Loki, such as http://loki:3100; empty for none',
  },
  PIPECAT_CLOUD_LOG_EXPORT_LOKI_TENANT: { default: '', about: 'Its tenant (X-Scope-OrgID); empty for none' },
  PIPECAT_CLOUD_LOG_EXPORT_LOKI_AUTHORIZATION_FILE: {
    default: '',
    about: 'File with the value of the Authorization header for it, such as Basic … or Bearer …; read anew each time',
  },
  PIPECAT_CLOUD_LOG_EXPORT_OTLP_URL: {
    default: '',
    about:
      'Also send log lines to this OpenTelemetry collector (OTLP over HTTP, JSON), such as http://collector:4318; empty for none',
  },
  PIPECAT_CLOUD_LOG_EXPORT_OTLP_AUTHORIZATION_FILE: {
    default: '',
    about: 'File with the value of the Authorization header for it; read anew each time',
  },
  PIPECAT_CLOUD_LOG_EXPORT_S3_PREFIX: {
    default: '',
    about:
      'Also put log lines into the bucket of PIPECAT_CLOUD_S3_BUCKET, as gzipped JSON lines below this prefix, such as logs; empty for none',
  },
  PIPECAT_CLOUD_AUDIT_DAYS: { default: '400', about: 'How many days audit records are kept; 0 for ever' },
  PIPECAT_CLOUD_USAGE_DAYS: {
    default: '400',
    about: 'How many days it is kept how long agents were in use and kept warm on a day; 0 for ever',
  },
  PIPECAT_CLOUD_SESSION_DAYS: {
    default: '400',
    about:
      'How many days a session is listed after its end, with its metrics and the trace of its start; 0 for ever. Logs and usage by day have settings of their own',
  },
  PIPECAT_CLOUD_BUILD_TIMEOUT_SECONDS: { default: '1800', about: 'How long a worker may take for one build' },
  PIPECAT_CLOUD_BUILD_RETENTION_DAYS: {
    default: '14',
    about: 'How many days a build stays that no deployment needs and nobody asks for',
  },
  PIPECAT_CLOUD_PASSWORDS: { default: 'off', about: 'on: people may also sign in with a password' },
  PIPECAT_CLOUD_OIDC_ISSUER: {
    default: '',
    about: 'Issuer of an OpenID Connect provider to sign in with (https://…); empty for none',
  },
  PIPECAT_CLOUD_OIDC_CLIENT_ID: { default: '', about: 'The client id that the provider gave this server' },
  PIPECAT_CLOUD_OIDC_CLIENT_SECRET: { default: '', about: 'The client secret; better in a file' },
  PIPECAT_CLOUD_OIDC_CLIENT_SECRET_FILE: { default: '', about: 'File with the client secret' },
  PIPECAT_CLOUD_OIDC_LABEL: { default: 'single sign-on', about: 'What the sign-in page calls the provider' },
  PIPECAT_CLOUD_OIDC_SCOPES: { default: 'openid email profile', about: 'What is asked of the provider' },
  PIPECAT_CLOUD_OIDC_ALLOWED_DOMAINS: {
    default: '',
    about: 'Domains of e-mail addresses that may sign in through the provider, separated by commas; empty for any',
  },
  PIPECAT_CLOUD_OIDC_REQUIRED_CLAIM: {
    default: '',
    about: 'name=value that the provider must say of a person, such as groups=voice-team; empty for nothing',
  },
  PIPECAT_CLOUD_OIDC_NEW_PEOPLE_ORG: {
    default: '',
    about: 'Organization that people whom nobody invited are let into by the provider; empty: they are refused',
  },
  PIPECAT_CLOUD_OIDC_NEW_PEOPLE_ROLE: { default: 'viewer', about: 'Their role there: viewer, developer or admin' },
  PIPECAT_CLOUD_OIDC_SECOND_FACTOR_ACR: {
    default: '',
    about: 'Values of acr that mean a second factor was asked for, separated by commas; mfa in amr always does',
  },
} as const;

export type VariableName = keyof typeof variables;
export type Environment = Partial<Record<string, string>>;
