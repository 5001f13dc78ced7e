/** Containers of a test, each gone with it. */
import { request } from 'node:http'
import { PROXY_IMAGE } from './build.ts'
import { must, quietly, run } from './tools.ts'

interface Test {
  teardown(fn: () => unknown): unknown
}

/** Bounds that any machine grants; podman's own may be above what a machine that is itself confined may set. */
const BOUNDS = ['--runtime', 'runc', '--ulimit', 'nofile=4096:4096', '--ulimit', 'nproc=1000:1000']
/** What the image is made for. */
const CONFINED = ['--read-only', '--cap-drop', 'all', '--security-opt', 'no-new-privileges']

let number = 0

/** Starts one in the background; the name of it. */
export async function container(
  t: Test,
  image: string,
  options: readonly string[],
  args: readonly string[] = [],
): Promise<string> {
  number++
  const name = `outrigger-test-${process.pid}-${number}`
  t.teardown(() => quietly('podman', 'rm', '-f', '-t', '0', name))
  await must('podman', 'run', '-d', '--name', name, ...BOUNDS, ...options, image, ...args)
  return name
}

/** Runs one to its end. */
export function once(image: string, options: readonly string[], args: readonly string[]) {
  return run('podman', ['run', '--rm', ...BOUNDS, ...options, image, ...args])
}

export function sidecar(t: Test, options: readonly string[], args: readonly string[]): Promise<string> {
  return container(t, PROXY_IMAGE, [...CONFINED, ...options], args)
}

/** On podman's own network. */
export async function addressOf(name: string): Promise<string> {
  return must('podman', 'inspect', name, '--format', '{{.NetworkSettings.IPAddress}}')
}

/** The port of 127.0.0.1 that stands for this one of the container. */
export async function published(name: string, port: number): Promise<number> {
  const text = await must('podman', 'port', name, `${port}/tcp`)
  return Number(text.slice(text.lastIndexOf(':') + 1))
}

export interface Answer {
  readonly status: number
  readonly body: string
  readonly connection: string
}

/** One request on a connection of its own. */
export function ask(port: number, path = '/', headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers, agent: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (text) => {
        body += text
      })
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, body, connection: answer.headers.connection ?? '' }),
      )
    })
    asked.on('error', reject)
    asked.end()
  })
}
