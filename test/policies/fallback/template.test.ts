import t from 'tap'
import { PathParameters } from '../../../src/policies/fallback/path-parameters.ts'
import { escapeFor, parseTemplate } from '../../../src/policies/fallback/template.ts'

/** `${name}`, which is no template of this file. */
function slot(name: string): string {
  return `$\{${name}}`
}

t.test('parseTemplate() finds names in braces and leaves the rest as it is', async (t) => {
  for (const [body, parts] of [
    ['', ['']],
    ['plain', ['plain']],
    [slot('a'), ['', 'a', '']],
    [`x${slot('a')}y${slot('b_1-c')}z`, ['x', 'a', 'y', 'b_1-c', 'z']],
    [`${slot('')}${slot('1a')}${slot('a b')}`, [`${slot('')}${slot('1a')}${slot('a b')}`]],
    [`$\{${slot('a')}`, ['${', 'a', '']],
    ['$ {a} ${a', ['$ {a} ${a']],
  ] as const) {
    t.same(parseTemplate(body), parts, body)
  }
})

t.test('escapeFor() escapes for where the value stands', async (t) => {
  const value = '"a\\b"\n<é&\'>'
  for (const [type, expected] of [
    ['application/json', '\\"a\\\\b\\"\\n\\u003cé&\'>'],
    ['application/problem+json; charset=utf-8', '\\"a\\\\b\\"\\n\\u003cé&\'>'],
    ['Text/HTML', '&quot;a\\b&quot;\n&lt;é&amp;&#39;&gt;'],
    ['application/xml', '&quot;a\\b&quot;\n&lt;é&amp;&#39;&gt;'],
    ['application/x-www-form-urlencoded', "%22a%5Cb%22%0A%3C%C3%A9%26'%3E"],
    ['text/plain', value],
  ] as const) {
    t.equal(escapeFor(type)(value), expected, type)
  }
  t.equal(escapeFor('application/json')('\ud800'), '\ufffd', 'half a surrogate pair')
})

t.test('value() takes the parameter from the first of the policy’s patterns that matches', async (t) => {
  const parameters = new PathParameters(['/v1/orders/{orderNo}', '/v2/{tenant}/orders/{orderNo}/**', '/caf%C3%A9/{x}'])
  for (const [path, name, expected] of [
    ['/v1/orders/7', 'orderNo', '7'],
    ['/v1/orders/a%20b', 'orderNo', 'a b'],
    ['/v1/orders/a%2Fb', 'orderNo', 'a/b'],
    ['/v1/orders/%ff', 'orderNo', '%ff'],
    ['/v1/orders/7/items', 'orderNo', ''],
    ['/v2/t1/orders/8/items/3', 'orderNo', '8'],
    ['/v2/t1/orders/8', 'tenant', 't1'],
    ['/v1/orders/7', 'tenant', ''],
    ['/v1/orders/7', 'unknown', ''],
    ['/v1/orders/', 'orderNo', ''],
    ['/caf%C3%A9/1', 'x', '1'],
    ['/', 'orderNo', ''],
  ] as const) {
    t.equal(parameters.value(path, name), expected, `${path} ${name}`)
  }
})
