/** The page and the files it asks for. Loaded when somebody asks for the page, not before. */
import { type Answer, text } from '../answer.ts'
import { pageFiles } from './files.ts'

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  js: 'text/javascript; charset=utf-8',
  // What is left of a TypeScript file once its types are taken out.
  ts: 'text/javascript; charset=utf-8',
}

let files: Readonly<Record<string, string>> | undefined

/** `name` as in a link of the page, `client/main.ts`; undefined: there is no such file. */
export function pageFile(name: string): Answer | undefined {
  files ??= pageFiles()
  if (!Object.hasOwn(files, name)) return undefined
  return text(200, files[name] as string, TYPES[name.slice(name.lastIndexOf('.') + 1)])
}
