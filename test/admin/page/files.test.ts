import { parse } from 'acorn'
import t from 'tap'
import { pageFile } from '../../../src/admin/page/index.ts'

t.test('Everything that the page links to and imports is there, and JavaScript', (t) => {
  const page = pageFile('page.html')
  t.match(page, { status: 200, type: 'text/html; charset=utf-8' })
  const asked = [...(page?.body ?? '').matchAll(/(?:href|src)="\/page\/([^"]+)"/g)].map((match) => match[1] as string)
  t.ok(asked.includes('client/main.ts') && asked.includes('page.css'))
  for (const name of asked) {
    const file = pageFile(name)
    t.equal(file?.status, 200, name)
    if (!name.endsWith('.ts')) continue
    t.equal(file?.type, 'text/javascript; charset=utf-8')
    t.doesNotThrow(() => parse(file?.body ?? '', { ecmaVersion: 'latest', sourceType: 'module' }), name)
    for (const [, path = ''] of (file?.body ?? '').matchAll(/^import .* from '([^']+)'/gm)) {
      const target = new URL(path, `http://page/${name}`).pathname.slice(1)
      if (!asked.includes(target)) asked.push(target)
    }
  }
  t.ok(asked.length > 15, `${asked.length} files`)
  t.end()
})

t.test('The page asks nobody else for anything', (t) => {
  for (const name of ['page.html', 'page.css']) {
    t.notMatch(pageFile(name)?.body, /(?:href|src)="(?!\/|#)|url\(|@import|<style|style=|\son[a-z]+="/, name)
  }
  t.end()
})

t.test('There is nothing besides', (t) => {
  for (const name of ['', 'nothing', '__proto__', '../listener.ts', 'client/', 'client/tsconfig.json', 'files.ts']) {
    t.equal(pageFile(name), undefined, name)
  }
  t.end()
})
