/** What a decoder accepts and an encoder makes; each can be lowered or raised in tests. */
export interface GobLimits {
  /** Bytes of one value, over all messages it is split into. */
  maxMessageBytes: number;
  /** Nested composites and interface values inside one value. */
  maxDepth: number;
  /** Types one stream may define in its life. */
  maxTypes: number;
  /** Fields over all struct types of one stream. */
  maxFields: number;
  /** Fields, elements and map entries inside one value. */
  maxValues: number;
}

export const defaultGobLimits: Readonly<GobLimits> = {
  // A value is buffered whole on both ends. The largest legitimate one is a support packet file or
  // a whole server configuration; more than this is an attack or a defect.
  maxMessageBytes: 32 * 1024 * 1024,
  // Settings nest as deep as somebody's JSON; the call stack must survive the deepest accepted one.
  maxDepth: 200,
  // A server configuration brings about 100 types, a complete http.Request about 40.
  maxTypes: 4096,
  // About 1,500 fields in a server configuration.
  maxFields: 65_536,
  // One byte on the wire can become an object of some 50 bytes: this bounds the amplification.
  maxValues: 1_000_000,
};

/** Go refuses longer names of types in interface values. */
export const maxTypeNameBytes = 1024;
