import t from 'tap'
import { hasGrpcType, isGrpcType } from '../../src/core/grpc.ts'
import { grpcMessage } from '../../src/core/grpc-message.ts'
import { GrpcMessages } from '../../src/core/grpc-messages.ts'
import { grpcTimeout, readGrpcTimeout } from '../../src/core/grpc-timeout.ts'
import { message } from '../support/grpc-message.ts'
import { Seeded } from '../support/seeded.ts'

t.test('isGrpcType() knows gRPC with any message format, and not gRPC-Web', async (t) => {
  for (const type of [
    'application/grpc',
    'application/grpc+proto',
    'application/grpc+json',
    'Application/gRPC',
    'application/grpc;charset=utf-8',
    'application/grpc ; x',
    'application/grpc\t',
  ]) {
    t.ok(isGrpcType(type), type)
  }
  for (const type of [
    '',
    'application/grp',
    'application/grpc-web',
    'application/grpc-web+proto',
    'application/grpcs',
    'application/json',
    'xapplication/grpc',
  ]) {
    t.notOk(isGrpcType(type), type)
  }
  t.ok(hasGrpcType(['x', 'y', 'Content-Type', 'application/grpc']))
  t.notOk(hasGrpcType(['x', 'application/grpc']))
})

t.test('readGrpcTimeout() reads eight digits and a unit, and nothing else', async (t) => {
  for (const [value, ms] of [
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3000],
    ['250m', 250],
    ['0m', 0],
    ['00000001S', 1000],
    ['99999999m', 99_999_999],
    ['500u', 0.5],
    ['500000n', 0.5],
  ] as const) {
    t.ok(Math.abs(readGrpcTimeout(value) - ms) < 1e-9, value)
  }
  for (const value of [
    '',
    'S',
    '1',
    '1s',
    '1h',
    '100000000m',
    '-1S',
    '+1S',
    '1.5S',
    ' 1S',
    '1S ',
    '1 S',
    '1Ä',
    '1mm',
  ]) {
    t.equal(readGrpcTimeout(value), -1, value)
  }
})

t.test('grpcTimeout() rounds down to what eight digits hold, and says at least something', async (t) => {
  for (const [left, text] of [
    [250, '250m'],
    [250.9, '250m'],
    [1, '1m'],
    [0.9999, '999u'],
    [0.0005, '500n'],
    [0, '1n'],
    [-5, '1n'],
    [99_999_999.5, '99999999m'],
    [100_000_000, '100000S'],
    [99_999_999_999, '99999999S'],
    [100_000_000_000, '27777H'],
    [Number.MAX_VALUE, '99999999H'],
  ] as const) {
    t.equal(grpcTimeout(left), text)
  }
})

t.test('grpcTimeout() never says more than is left, and can be read again', async (t) => {
  const random = new Seeded(7)
  for (let i = 0; i < 2000; i++) {
    const left = 2 ** random.between(-18, 45) * (1 + random.between(0, 1000) / 1000)
    const text = grpcTimeout(left)
    const again = readGrpcTimeout(text)
    t.ok(again > 0 && again <= left * (1 + 1e-12) && again >= left / 2, `${left} is ${text}`)
  }
})

t.test('grpcMessage() escapes what is no printable ASCII, and the percent sign', async (t) => {
  t.equal(grpcMessage('all is well: ~!'), 'all is well: ~!')
  t.equal(grpcMessage('100 %\r\nDone\x7f'), '100 %25%0D%0ADone%7F')
  t.equal(grpcMessage('Bestände'), 'Best%C3%A4nde')
})

t.test('GrpcMessages counts messages however the body is cut', async (t) => {
  const random = new Seeded(11)
  const parts = Array.from({ length: 40 }, () => message(Buffer.alloc(random.pick([0, 1, 5, 300, 70_000]), 1)))
  const body = Buffer.concat(parts)
  for (let round = 0; round < 20; round++) {
    const messages = new GrpcMessages()
    let at = 0
    let begun = 0
    let ends = 0
    while (at < body.length) {
      const next = Math.min(body.length, at + random.between(1, round < 10 ? 12 : 5000))
      messages.add(body.subarray(at, next))
      at = next
      begun = 0
      ends = 0
      for (let start = 0; start < at && begun < parts.length; begun++) {
        start += parts[begun]!.length
        ends = start
      }
      if (messages.begun !== begun || messages.whole !== (ends === at)) break
    }
    t.equal(at, body.length, 'as counted by hand after every piece')
    t.equal(messages.begun, 40)
    t.ok(messages.whole)
  }
})

t.test('GrpcMessages takes a length of 32 bits for what it is', async (t) => {
  const messages = new GrpcMessages()
  messages.add(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]))
  messages.add(Buffer.alloc(100))
  t.equal(messages.begun, 1)
  t.notOk(messages.whole)
})
