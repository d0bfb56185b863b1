export { HttpBridge } from './http.ts';
