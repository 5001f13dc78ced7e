/** How many system calls one request costs, as strace counts them while a load runs. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Saturated } from './generator.ts'

/** Calls below this share of a request are not worth a word. */
const LEAST = 0.02

/** Something like `2.1: epoll_pwait 0.1, read 1.0, write 1.0`; why not, where strace is missing or may not look. */
export async function systemCalls(
  strace: string | undefined,
  pid: number,
  act: () => Promise<Saturated>,
): Promise<string> {
  if (strace === undefined) return 'no strace here'
  const tracer: ChildProcess = spawn(strace, ['-f', '-c', '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(tracer, 'exit')
  let said = ''
  const attached = new Promise<boolean>((resolve) => {
    tracer.on('exit', () => resolve(false))
    tracer.on('error', () => resolve(false))
    tracer.stderr?.on('data', (chunk: Buffer) => {
      said += chunk
      if (said.includes('attached')) resolve(true)
    })
  })
  if (!(await attached)) return 'strace may not look'
  const { count } = await act()
  tracer.kill('SIGINT')
  await ended
  return summary(said, count)
}

/** Rows of `strace -c`: share, seconds, µs per call, calls, perhaps errors, name. */
function summary(said: string, requests: number): string {
  const calls = [...said.matchAll(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?([a-z]\w*)$/gm)]
    .filter(([, , name]) => name !== 'total')
    .map(([, number, name = '']) => ({ name, each: Number(number) / Math.max(1, requests) }))
  const all = calls.reduce((sum, { each }) => sum + each, 0)
  const named = calls
    .filter(({ each }) => each >= LEAST)
    .sort((a, b) => b.each - a.each)
    .map(({ name, each }) => `${name} ${each.toFixed(2)}`)
  return `${all.toFixed(1)}: ${named.join(', ')}`
}
