/** The version of this package, what `minVersion` is compared with. */
import manifest from '../../package.json' with { type: 'json' }

export const OWN_VERSION: string = manifest.version
