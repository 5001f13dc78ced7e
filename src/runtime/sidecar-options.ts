/** What a sidecar is started with, besides the files. */
import type { PortRange } from '../config/values/ports.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { OriginalDestinations } from '../net/original-destination.ts'
import type { Log } from '../telemetry/index.ts'
import type { ApiPlaces } from './discovery.ts'
import type { RunFlags } from './flags.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Signals } from './overload/decide.ts'

export interface SidecarOptions extends RunFlags {
  /** Files and folders of policy documents. */
  readonly paths: readonly string[]
  readonly name?: string | undefined
  readonly log: Log
  readonly version: string
  /** The page shows paths; left out: it does not. */
  readonly pagePaths?: boolean
  /** `process.env`: the OTEL_* of it are read. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where the Kubernetes API is, unless it is that of the cluster we run in. */
  readonly kubernetes?: ApiPlaces | undefined
  readonly lifecycle?: Lifecycle | undefined
  /** Files that cannot be used at the start are told and the sidecar runs without them, as if it had none. */
  readonly lenientStart?: boolean | undefined
  /** Called once the drain that `POST /quit` asked for is over. */
  readonly onQuit?: (() => void) | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /** Where servers speak first, so that redirected connections to these ports are not waited for. */
  readonly opaquePorts?: readonly PortRange[] | undefined
  /** Listeners that are about to close let nobody new in before, where the kernel can do that; left out: they close as they are. */
  readonly shutsDoor?: boolean | undefined
  /** Says where redirected connections were going instead of the kernel, for tests. */
  readonly originals?: OriginalDestinations | undefined
  /** What is taken instead of what was measured of the process, for tests. */
  readonly signals?: ((measured: Signals) => Signals) | undefined
}
