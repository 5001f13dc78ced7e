/** The licences of the packages that are bundled. Their comments are stripped from the bundle, so their texts go beside it. */
import { readdirSync, readFileSync } from 'node:fs'

/** The folder of the package that each input of a bundle belongs to, each once, in order. */
function packagesOf(inputs: readonly string[]): string[] {
  const folders = inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [])
  return [...new Set(folders)].sort()
}

export function notices(inputs: readonly string[]): string {
  return packagesOf(inputs).map(notice).join('\n')
}

function notice(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Record<
    string,
    string
  >
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? '' : readFileSync(`${folder}/${file}`, 'utf8').trim()
  return `${'-'.repeat(100)}\n${name} ${version} (${license})\n\n${text}\n`
}
