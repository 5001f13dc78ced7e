import t from 'tap'
import { parseGrpcMethod } from '../../../src/config/values/grpc-method.ts'

t.test('parseGrpcMethod() takes a method by its full name, and all methods of a service', async (t) => {
  for (const text of ['Echo/Say', 'shop.Stock/Reserve', 'shop.v1.Stock/*', '_a.b_2/C3']) {
    t.same(parseGrpcMethod(text), { ok: true, value: text }, text)
  }
})

t.test('parseGrpcMethod() refuses what is no method, and proposes one', async (t) => {
  for (const [text, proposal] of [
    ['', ''],
    ['*', ''],
    ['shop.*/Reserve', ''],
    ['shop.Stock/', ''],
    ['shop..Stock/Get', ''],
    ['shop.Stock/Res*', ''],
    ['shop.Stock/**', ''],
    ['shop.Stock/{name}', ''],
    ['shop.Stock', 'write shop.Stock/* for all its methods'],
    ['/shop.Stock/Get', 'it begins with the package: write shop.Stock/Get'],
  ] as const) {
    t.match(parseGrpcMethod(text), { ok: false, proposal }, text)
  }
})
