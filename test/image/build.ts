/**
 * Builds the images as the Dockerfile says, on bases that are made here: a Debian by debootstrap, and on it the Node and the npm
 * that run this. Where a registry of images is at hand, `docker build .` needs none of this.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { must } from './tools.ts'

export const PROXY_IMAGE = 'localhost/outrigger/proxy:test'
export const INIT_IMAGE = 'localhost/outrigger/init:test'
/** Node on a Debian with iptables, for the build stage, the init image, and applications of tests. */
export const NODE_IMAGE = 'localhost/outrigger/node:26'

const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'outrigger-image')
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
const SUITE = 'bookworm'
const INCLUDE = 'libatomic1,libstdc++6,iptables,nftables,libcap2-bin'

/** Builds all three; layers of an earlier run are taken again. */
export async function buildImages(): Promise<void> {
  await nodeImage()
  await build(PROXY_IMAGE)
  await build(INIT_IMAGE, '--target', 'init', '--build-arg', `INIT_BASE=${NODE_IMAGE}`)
}

async function nodeImage(): Promise<void> {
  const debian = join(CACHE, `${SUITE}.tar`)
  if (!existsSync(debian)) {
    mkdirSync(CACHE, { recursive: true })
    const root = mkdtempSync(join(tmpdir(), 'outrigger-debian-'))
    await must('debootstrap', '--variant=minbase', `--include=${INCLUDE}`, SUITE, root, await mirror())
    await must('tar', '-C', root, '-cf', debian, '.')
    rmSync(root, { recursive: true, force: true })
  }
  const context = mkdtempSync(join(tmpdir(), 'outrigger-node-'))
  try {
    cpSync(process.execPath, join(context, 'node'))
    cpSync(await npmFolder(), join(context, 'npm'), { recursive: true })
    cpSync(debian, join(context, 'debian.tar'))
    const file = [
      'FROM scratch',
      'ADD debian.tar /',
      'COPY node /usr/local/bin/node',
      'COPY npm /usr/local/lib/node_modules/npm',
      'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm',
      'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ]
    writeFileSync(join(context, 'Dockerfile'), `${file.join('\n')}\n`)
    await must('buildah', 'bud', '--layers', '--isolation', 'chroot', '--format', 'docker', '-t', NODE_IMAGE, context)
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
}

/** Where this machine gets the packages of that Debian from. */
async function mirror(): Promise<string> {
  const targets = await must('apt-get', 'indextargets', '--format', '$(REPO_URI) $(CODENAME)', 'Created-By: Packages')
  const line = targets.split('\n').find((target) => target.endsWith(` ${SUITE}`))
  if (line === undefined) throw new Error(`apt knows no source of ${SUITE}`)
  return line.split(' ')[0] as string
}

async function npmFolder(): Promise<string> {
  const npm = realpathSync(await must('sh', '-c', 'command -v npm'))
  return dirname(dirname(npm))
}

/** The registry and the certificates of this machine are lent to the build; nothing of them stays in the image. */
async function build(tag: string, ...more: string[]): Promise<void> {
  const lent = mkdtempSync(join(tmpdir(), 'outrigger-npmrc-'))
  try {
    const settings = join(lent, 'npmrc')
    writeFileSync(settings, `registry=${await must('npm', 'config', 'get', 'registry')}\ncafile=${CERTIFICATES}\n`)
    const volumes = [
      '--volume',
      `${settings}:/usr/local/etc/npmrc:ro`,
      '--volume',
      `${dirname(CERTIFICATES)}:${dirname(CERTIFICATES)}:ro`,
    ]
    const how = ['--layers', '--isolation', 'chroot', '--network', 'host', '--format', 'docker']
    await must('buildah', 'bud', ...how, '--build-arg', `NODE_IMAGE=${NODE_IMAGE}`, ...volumes, ...more, '-t', tag, '.')
  } finally {
    rmSync(lent, { recursive: true, force: true })
  }
}
