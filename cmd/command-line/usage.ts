/** What a command says of itself: the one place of its flags and their defaults, read by the parser and by the help. */

/** A flag, `--log-level error|warn|info|debug`. */
export interface FlagUsage {
  /** What stands for its value in the help; absent: a switch, on where it is named. */
  readonly value?: string
  /** A phrase, without the default. */
  readonly says: string
  /** What holds where nobody says anything, as one would write it. */
  readonly otherwise?: string
  /** The default where it is not a value: what it depends on. */
  readonly depends?: string
  /** One letter that does the same. */
  readonly short?: string
  /** A variable that is not ours and says the same, where neither the flag nor ours does. */
  readonly also?: string
  /** An empty text is a value, and not the default: none of them. */
  readonly mayBeEmpty?: true
  /** May be given several times. */
  readonly many?: true
}

export interface Usage<F extends string = string> {
  readonly name: string
  /** For the list of commands: what it does, in a phrase. */
  readonly brief: string
  /** What has to be there, or belongs together; flags that stand here are not repeated behind it. */
  readonly synopsis: string
  /** What is neither flag nor value of one is accepted: files, an action. */
  readonly takesWords?: true
  readonly flags: Readonly<Record<F, FlagUsage>>
  /** Flags that a variable stands for. */
  readonly variables: 'all' | readonly NoInfer<F>[]
  /** What each exit code means, but that of wrong usage. */
  readonly exit: Readonly<Record<number, string>>
  /** Whole sentences that the flags do not say. */
  readonly notes?: readonly string[]
}

/** Checks the declaration and keeps the names of its flags. */
export function usage<const F extends string>(declared: Usage<F>): Usage<F> {
  return declared
}

/** The variable of a flag: `--kube-api` is OUTRIGGER_KUBE_API. */
export function variable(flag: string): string {
  return `OUTRIGGER_${flag.toUpperCase().replaceAll('-', '_')}`
}

export function hasVariable<F extends string>({ variables }: Usage<F>, flag: F): boolean {
  return variables === 'all' || variables.includes(flag)
}
