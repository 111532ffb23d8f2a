import * as z from 'zod';
import { WrongConfiguration } from '../failure.ts';
import { indexMappings, indexTemplate, MANAGED_BY, TEMPLATE_VERSION } from './index-template.ts';
import type { NodeResponse, Nodes } from './nodes.ts';
import { jsonOf, requestFailure, serverErrorOf, wordsOf } from './server-error.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };

const templatesReply = z.object({
  index_templates: z.array(
    z.object({
      index_template: z.object({
        _meta: z.looseObject({ managed_by: z.unknown(), version: z.number().optional() }).optional(),
      }),
    }),
  ),
});
const streamsReply = z.object({ data_streams: z.array(z.object({ name: z.string() })) });

export interface Installation {
  readonly nodes: Nodes;
  readonly dataStream: string;
  readonly indexSettings: Readonly<Record<string, string | number | boolean>>;
  readonly signal: AbortSignal;
  onNotice(message: string): void;
}

/**
 * Sees to it that the data stream is there, made by our template of this version or a newer one. Safe to repeat, and for many
 * agents to do at once. Without it the first event would make an ordinary index whose mappings are guessed from content.
 * @throws TryAgain or WrongConfiguration
 */
export async function installDataStream(installation: Installation): Promise<void> {
  const { dataStream, onNotice } = installation;
  const exists = await hasDataStream(installation);
  const template = await findTemplate(installation);
  if (template === 'foreign') onNotice(`the index template ${dataStream} was not made by dbaudit and is left as it is`);
  const outdated = template === 'missing' || template === 'older';
  const mayInstall = template !== 'unreadable' && (!outdated || (await writeTemplate(installation)));
  if (exists) {
    if (!mayInstall) onNotice(`no right to install the index template ${dataStream}; the data stream is used as it is`);
    else if (outdated) await addFields(installation);
    return;
  }
  if (!mayInstall) {
    throw new WrongConfiguration(
      'DBA4004',
      `there is no data stream ${dataStream}, and this account may not install an index template for it`,
      'give the account the right to manage index templates, or create the data stream and set installTemplate: false',
    );
  }
  await createDataStream(installation);
}

async function findTemplate(
  installation: Installation,
): Promise<'missing' | 'older' | 'current' | 'foreign' | 'unreadable'> {
  const { dataStream } = installation;
  const path = `_index_template/${dataStream}?filter_path=index_templates.index_template._meta`;
  const response = await ask(installation, 'GET', path);
  if (response.status === 404) return 'missing';
  if (response.status === 403) return 'unreadable';
  if (response.status !== 200) throw requestFailure(response, `${response.origin}: index template ${dataStream}`);
  // An answer from which the filter left nothing: a template without _meta.
  const meta = templatesReply.safeParse(jsonOf(response)).data?.index_templates[0]?.index_template._meta;
  if (meta?.managed_by !== MANAGED_BY) return 'foreign';
  return (meta.version ?? 0) < TEMPLATE_VERSION ? 'older' : 'current';
}

/** Whether we may. */
async function writeTemplate(installation: Installation): Promise<boolean> {
  const { dataStream, indexSettings } = installation;
  const body = indexTemplate(dataStream, indexSettings);
  const response = await ask(installation, 'PUT', `_index_template/${dataStream}`, body);
  if (response.status === 403) return false;
  if (response.status === 200) return true;
  throw requestFailure(response, `${response.origin}: index template ${dataStream}`);
}

async function hasDataStream(installation: Installation): Promise<boolean> {
  const { dataStream } = installation;
  const response = await ask(installation, 'GET', `_data_stream/${dataStream}`);
  if (response.status === 404) return false;
  // An account that may write and nothing else: whether it is there shows with the first event.
  if (response.status === 403) return true;
  if (response.status === 400 || response.status === 405) throw withoutDataStreams(response);
  if (response.status !== 200) throw requestFailure(response, `${response.origin}: data stream ${dataStream}`);
  return (streamsReply.safeParse(jsonOf(response)).data?.data_streams.length ?? 0) > 0;
}

async function createDataStream(installation: Installation): Promise<void> {
  const { dataStream } = installation;
  const response = await ask(installation, 'PUT', `_data_stream/${dataStream}`);
  const error = serverErrorOf(response);
  // Another agent was quicker; or we may not, but the first event will make it of the template.
  if (response.status === 200 || error?.type === 'resource_already_exists_exception' || response.status === 403) return;
  // An index or an alias has the name. The status is 500, but it does not pass.
  if (error?.type === 'illegal_state_exception') {
    throw new WrongConfiguration(
      'DBA4010',
      `${response.origin}: ${dataStream} cannot be a data stream: ${wordsOf(error, response)}`,
      'use another name, or set installTemplate: false to write to an alias',
    );
  }
  throw requestFailure(response, `${response.origin}: data stream ${dataStream}`);
}

/** New fields into the index that is written to; the template is for those that follow. */
async function addFields(installation: Installation): Promise<void> {
  const { dataStream, onNotice } = installation;
  const response = await ask(installation, 'PUT', `${dataStream}/_mapping?write_index_only=true`, indexMappings());
  if (response.status === 200) return;
  const error = serverErrorOf(response);
  const words = error === undefined ? `${response.status}` : wordsOf(error, response);
  onNotice(`new fields of ${dataStream} cannot be searched before its next rollover: ${words}`);
}

/** Elasticsearch without X-Pack does not know the path. */
function withoutDataStreams({ origin }: NodeResponse): WrongConfiguration {
  return new WrongConfiguration(
    'DBA4010',
    `${origin}: this server has no data streams`,
    'use OpenSearch, or Elasticsearch with its default licence from 7.9 on; or make an index alias of that name and set installTemplate: false',
  );
}

function ask(
  { nodes, signal }: Installation,
  method: 'GET' | 'PUT',
  path: string,
  body?: object,
): Promise<NodeResponse> {
  return nodes.request({
    method,
    path,
    signal,
    ...(body === undefined ? {} : { headers: JSON_HEADERS, body: JSON.stringify(body) }),
  });
}
