/**
 * The collector's objects in its own namespace, by the names that manifests, the collector and the plugin share. Its Service
 * and port are in collector-api.ts.
 */

/** With its authority and serving certificate; the collector makes it itself. */
export const COLLECTOR_CERTIFICATE_SECRET = 'dbaudit-collector-certificate';
/** With the authority alone, for whoever is to trust the collector. */
export const COLLECTOR_CA_MAP = 'dbaudit-collector-ca';
export const COLLECTOR_CA_KEY = 'ca.crt';
/** The same beside agents: a key of their ConfigMap, so that it is a file beside their configuration. */
export const AGENT_COLLECTOR_CA_KEY = 'collector-ca.crt';
/**
 * With what encrypts the store and signs checkpoints; the collector makes it itself. It carries no label of ours: what is kept
 * cannot be read without it, so it stays as long as the volume does.
 */
export const COLLECTOR_KEYS_SECRET = 'dbaudit-collector-keys';
/** What the collector's configuration names as files: each key is one below COLLECTOR_SECRETS_DIRECTORY. The user makes it. */
export const COLLECTOR_SECRETS = 'dbaudit-collector-secrets';
/** Checkpoints in a second place: who can change the store cannot change them too, unless they may write here. */
export const COLLECTOR_CHECKPOINTS_MAP = 'dbaudit-collector-checkpoints';
export const COLLECTOR_CONFIG_MAP = 'dbaudit-collector';
export const COLLECTOR_CONFIG_KEY = 'collector.yaml';
export const COLLECTOR_CONFIG_DIRECTORY = '/etc/dbaudit';
export const COLLECTOR_SECRETS_DIRECTORY = '/etc/dbaudit/secrets';
/** Where everything is that the collector keeps. */
export const COLLECTOR_DATA_DIRECTORY = '/var/lib/dbaudit';
/** The volume of the data, in the StatefulSet and before `-dbaudit-collector-0` in the name of its claim. */
export const COLLECTOR_DATA_VOLUME = 'data';
