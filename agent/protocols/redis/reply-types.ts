/** The first byte of a value. https://redis.io/docs/latest/develop/reference/protocol-spec/#resp-protocol-description */
export const SIMPLE = 0x2b; // +
export const ERROR = 0x2d; // -
export const INTEGER = 0x3a; // :
const BULK = 0x24; // $
export const ARRAY = 0x2a; // *
export const NULL = 0x5f; // _
export const BULK_ERROR = 0x21; // !
export const MAP = 0x25; // %
export const PUSH = 0x3e; // >
/** A map about the value that follows it. */
export const ATTRIBUTE = 0x7c; // |
const DOUBLE = 0x2c; // ,
const BOOLEAN = 0x23; // #
const VERBATIM = 0x3d; // =
const BIG_NUMBER = 0x28; // (
const SET = 0x7e; // ~
/** The next part of a streamed string. */
const CHUNK = 0x3b; // ;
/** The end of a streamed aggregate. */
const END = 0x2e; // .

/** How a value goes on after its first line. */
export const NOT_A_VALUE = 0;
export const ONE_LINE = 1;
export const STRING = 2;
export const AGGREGATE = 3;
export const STRING_PART = 4;
export const AGGREGATE_END = 5;

/** By first byte. */
export const SHAPES = new Uint8Array(256);
for (const type of [SIMPLE, ERROR, INTEGER, NULL, DOUBLE, BOOLEAN, BIG_NUMBER]) SHAPES[type] = ONE_LINE;
for (const type of [BULK, BULK_ERROR, VERBATIM]) SHAPES[type] = STRING;
for (const type of [ARRAY, MAP, SET, PUSH, ATTRIBUTE]) SHAPES[type] = AGGREGATE;
SHAPES[CHUNK] = STRING_PART;
SHAPES[END] = AGGREGATE_END;
