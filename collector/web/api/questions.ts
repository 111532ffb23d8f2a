import type * as z from 'zod';
import {
  type HistogramAnswer,
  histogramAnswerSchema,
  type histogramRequestSchema,
  type SearchAnswer,
  searchAnswerSchema,
  type searchRequestSchema,
  type TopAnswer,
  type TotalsAnswer,
  topAnswerSchema,
  type topRequestSchema,
  totalsAnswerSchema,
  type totalsRequestSchema,
} from '../../../contract/collector-api.ts';
import { post } from './call.ts';

/** The questions that several views ask, in the words of contract/collector-api.ts. */

export function search(request: z.input<typeof searchRequestSchema>, signal?: AbortSignal): Promise<SearchAnswer> {
  return post('/search', request, searchAnswerSchema, signal);
}

export function histogram(
  request: z.input<typeof histogramRequestSchema>,
  signal?: AbortSignal,
): Promise<HistogramAnswer> {
  return post('/histogram', request, histogramAnswerSchema, signal);
}

export function top(request: z.input<typeof topRequestSchema>, signal?: AbortSignal): Promise<TopAnswer> {
  return post('/top', request, topAnswerSchema, signal);
}

export function totals(request: z.input<typeof totalsRequestSchema>, signal?: AbortSignal): Promise<TotalsAnswer> {
  return post('/totals', request, totalsAnswerSchema, signal);
}
