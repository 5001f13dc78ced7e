import { runInNewContext } from 'node:vm'
import t from 'tap'
import { plain } from '../../scripts/bundle/plain-fields.ts'

/** What the last expression of `lines` comes to, with plain fields. */
function evaluated(...lines: string[]): unknown {
  return JSON.parse(runInNewContext(`JSON.stringify(${plain(`(() => {${lines.join('\n')}})()`, 'a.ts')})`) as string)
}

t.test('plain(): fields, methods, accessors and static ones do what private ones do', async (t) => {
  const said = evaluated(
    'class A {',
    '  #n = 1; static #made = 0',
    '  get #twice() { return this.#n * 2 } set #twice(n) { this.#n = n / 2 }',
    '  static #count() { return ++A.#made }',
    '  #add(n) { return this.#n += n }',
    '  run() { this.#add(2); this.#n++; this.#twice = 20; return [this.#n, this.#twice, A.#count(), this?.#n] }',
    '}',
    'return new A().run()',
  )
  t.same(said, [10, 20, 1, 10])
})

t.test('plain(): a field is no public member of its name, nor one of a class above, below or around', async (t) => {
  const said = evaluated(
    'class A { #n = "a"; get n() { return "public " + this.#n } of() { return this.#n } }',
    'class B extends A { #n = "b"; mine() { return this.#n } inner() { const outer = this; return new (class { #n = "c"; all() { return [this.#n, outer.mine()] } })().all() } }',
    'const b = new B(); return [b.n, b.of(), b.mine(), b.inner()]',
  )
  t.same(said, ['public a', 'a', 'b', ['c', 'b']])
  t.not(plain('class A { #n = 1 }', 'a.ts'), plain('class A { #n = 1 }', 'b.ts'), 'files are told apart, too')
})

t.test('plain(): an inner class sees the fields of the one around it', async (t) => {
  const said = evaluated(
    'class A { #n = 1; inner() { const a = this; return new (class { #m = 2; sum() { return a.#n + this.#m } })().sum() } }',
    'return new A().inner()',
  )
  t.same(said, 3)
})

t.test('plain(): `in` tells whose object it is', async (t) => {
  const said = evaluated(
    'class A { #n = 1; static is(o) { return #n in o } }',
    'class B { #n = 1 }',
    'return [A.is(new A()), A.is(new B())]',
  )
  t.same(said, [true, false])
})

t.test('plain(): declarations without a value go, and what the class above set stays', async (t) => {
  t.notMatch(plain('class A { x; #y; constructor() { this.x = 1 } }', 'a.ts'), /^class A \{ *x;/)
  const said = evaluated(
    'class A { constructor() { this.x = 1 } }',
    'class B extends A { x; y = 2; static z; ["w"]; }',
    'const b = new B(); return [b.x, b.y, "z" in B, "w" in b]',
  )
  t.same(said, [1, 2, true, true])
})

t.test('plain(): what only looks like a name is left alone, and an unknown name is an error', async (t) => {
  const text = 'const s = "this.#n"; const r = /#n/; const u = `#n`; // this.#n'
  t.equal(plain(text, 'a.ts'), text)
  t.throws(() => plain('class A { run() { return this.#n } }', 'a.ts'), /#n|Private field/)
})
