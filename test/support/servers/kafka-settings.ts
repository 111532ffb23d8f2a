import { STORE_PASSWORD } from './certificates.ts';

/** The newest, and the level of protocol that the log services of Chinese clouds document. */
export const KAFKA_VERSIONS = ['4.3.1', '2.1.1'] as const;
export type KafkaVersion = (typeof KAFKA_VERSIONS)[number];

/** Each with the security protocol it speaks. All lead to the same topics. */
const LISTENERS = {
  /** Everybody is the administrator. */
  plaintext: 'PLAINTEXT',
  tls: 'SSL',
  /** Asks for a certificate of the test's authority. */
  mtls: 'SSL',
  sasl: 'SASL_PLAINTEXT',
  saslTls: 'SASL_SSL',
} as const;
export type KafkaListener = keyof typeof LISTENERS;
export type KafkaPorts = Readonly<Record<KafkaListener | 'controller', number>>;

/** An account of the SASL listeners, with every mechanism. It may do what no access control entry forbids. */
export const KAFKA_USER = 'app';
/** With what clouds put into passwords. */
export const KAFKA_PASSWORD = 'id#secret';

export const SCRAM_MECHANISMS = ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

export interface KafkaStores {
  readonly keyStore: string;
  readonly trustStore: string;
}

const MODULES = 'org.apache.kafka.common.security';

/** The accounts of a SASL listener; SCRAM's are kept by the broker itself. */
function saslSettings(listener: string): string[] {
  const prefix = `listener.name.${listener}`;
  const plain = `${MODULES}.plain.PlainLoginModule required user_${KAFKA_USER}="${KAFKA_PASSWORD}";`;
  return [
    `${prefix}.sasl.enabled.mechanisms=PLAIN,${SCRAM_MECHANISMS}`,
    `${prefix}.plain.sasl.jaas.config=${plain}`,
    ...SCRAM_MECHANISMS.map(
      (mechanism) =>
        `${prefix}.${mechanism.toLowerCase()}.sasl.jaas.config=${MODULES}.scram.ScramLoginModule required;`,
    ),
  ];
}

function listenerSettings(ports: KafkaPorts, saslHost: string): string[] {
  const names = Object.keys(LISTENERS).map((name) => name.toUpperCase());
  const addresses = Object.keys(LISTENERS).map((name, index) => {
    const port = Object.entries(ports).find(([key]) => key === name)?.[1];
    return `${names[index]}://${name === 'sasl' ? saslHost : 'localhost'}:${port}`;
  });
  const protocols = Object.entries(LISTENERS).map(([name, protocol]) => `${name.toUpperCase()}:${protocol}`);
  return [
    `advertised.listeners=${addresses}`,
    `listeners=${addresses},CONTROLLER://localhost:${ports.controller}`,
    `listener.security.protocol.map=${protocols},CONTROLLER:PLAINTEXT`,
    'inter.broker.listener.name=PLAINTEXT',
    'listener.name.mtls.ssl.client.auth=required',
    ...saslSettings('sasl'),
    ...saslSettings('sasltls'),
  ];
}

/** KRaft: broker and controller in one. */
function modernSettings(ports: KafkaPorts): string[] {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@localhost:${ports.controller}`,
    'controller.listener.names=CONTROLLER',
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    // A killed broker may come back once the controller has given it up.
    'broker.session.timeout.ms=2000',
    'broker.heartbeat.interval.ms=500',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
  ];
}

/** The controller's port is ZooKeeper's. */
function oldSettings(ports: KafkaPorts): string[] {
  return [
    'broker.id=1',
    `zookeeper.connect=localhost:${ports.controller}`,
    // A killed broker may come back once ZooKeeper has forgotten it.
    `zookeeper.session.timeout.ms=${OLD_SESSION_MILLIS}`,
    'authorizer.class.name=kafka.security.auth.SimpleAclAuthorizer',
  ];
}

export const OLD_SESSION_MILLIS = 2000;

/** `server.properties` of a single broker. */
export function brokerSettings(
  version: KafkaVersion,
  ports: KafkaPorts,
  stores: KafkaStores,
  data: string,
  further: Readonly<Record<string, string>>,
  saslHost = 'localhost',
): string {
  const old = version === '2.1.1';
  const listeners = listenerSettings(ports, saslHost).map((line) =>
    old ? line.replace(`,CONTROLLER://localhost:${ports.controller}`, '').replace(',CONTROLLER:PLAINTEXT', '') : line,
  );
  const lines = [
    ...listeners,
    ...(old ? oldSettings(ports) : modernSettings(ports)),
    'super.users=User:ANONYMOUS',
    'allow.everyone.if.no.acl.found=true',
    'ssl.keystore.type=PKCS12',
    `ssl.keystore.location=${stores.keyStore}`,
    `ssl.keystore.password=${STORE_PASSWORD}`,
    `ssl.key.password=${STORE_PASSWORD}`,
    'ssl.truststore.type=PKCS12',
    `ssl.truststore.location=${stores.trustStore}`,
    `ssl.truststore.password=${STORE_PASSWORD}`,
    `log.dirs=${data}`,
    // Tests' events may be of any time, and a broker counts their age from there.
    'log.retention.ms=-1',
    'num.partitions=3',
    'auto.create.topics.enable=false',
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'transaction.state.log.num.partitions=1',
    'group.initial.rebalance.delay.ms=0',
    ...Object.entries(further).map(([key, value]) => `${key}=${value}`),
  ];
  return `${lines.join('\n')}\n`;
}
