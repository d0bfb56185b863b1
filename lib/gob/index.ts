export { GobDecoder, type GobDecoderOptions } from './decoder.ts';
export { GobEncoder, type GobEncoderOptions, type GobOutgoing } from './encoder.ts';
export { GobError, type GobErrorCode } from './errors.ts';
export {
  asStruct,
  bigintField,
  boolField,
  bytesField,
  floatField,
  interfaceField,
  isInterfaceValue,
  isStruct,
  intField,
  listField,
  mapField,
  stringField,
  structField,
} from './fields.ts';
export { defaultGobLimits, type GobLimits } from './limits.ts';
export { decodeGoTime, encodeGoTime, decodeGoUrl, encodeGoUrl, type GoTime } from './marshalers.ts';
export {
  basicRegistry,
  gobRegistry,
  interfaceMap,
  interfaceSlice,
  type GobRegistry,
} from './registry.ts';
export {
  anyValue,
  array,
  bool,
  bytes,
  complex,
  emptyStruct,
  float,
  int,
  map,
  marshaler,
  slice,
  string,
  struct,
  uint,
  type GobSchema,
  type StructFields,
  type StructOf,
  type StructSchema,
} from './schema.ts';
export {
  interfaceValue,
  type GobComplex,
  type GobInput,
  type GobStruct,
  type GobValue,
  type InterfaceValue,
} from './value.ts';
