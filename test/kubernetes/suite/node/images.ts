/** The images of this tree, as archives that a node's container runtime reads. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildImages, INIT_IMAGE, NODE_IMAGE, PROXY_IMAGE } from '../../../image/build.ts'
import { must } from '../../../image/tools.ts'
import type { Cluster } from '../cluster.ts'

/** The same program in another image: what a sidecar is upgraded to in place. */
export const NEXT_IMAGE = 'localhost/outrigger/proxy:next'

/** Values of the chart that name them. */
export const IMAGE_VALUES = [...values('image', PROXY_IMAGE), ...values('init.image', INIT_IMAGE)]

function values(key: string, image: string): string[] {
  const [, registry, repository, tag] = /^(.+)\/(.+):(.+)$/.exec(image) as unknown as [string, string, string, string]
  return [`${key}.registry=${registry}`, `${key}.repository=${repository}`, `${key}.tag=${tag}`]
}

export async function loadImages(cluster: Cluster): Promise<void> {
  await buildImages()
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-archives-'))
  try {
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${PROXY_IMAGE}\nLABEL upgraded=true\n`)
    await must('buildah', 'bud', '--isolation', 'chroot', '--format', 'docker', '-t', NEXT_IMAGE, folder)
    const images = [PROXY_IMAGE, NEXT_IMAGE, INIT_IMAGE, NODE_IMAGE]
    const archives = images.map((_, at) => join(folder, `${at}.tar`))
    for (const [at, image] of images.entries()) {
      await must('buildah', 'push', '--quiet', image, `docker-archive:${archives[at]}:${image}`)
    }
    await cluster.loadImages(archives)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
