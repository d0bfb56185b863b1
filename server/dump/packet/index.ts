export { noPacketDump, type PacketDump } from './packet-dump.ts';
export { SupportPacket, type SupportPacketOptions } from './support-packet.ts';
