import t from 'tap'
import { tellDeadline, toldDeadline } from '../../src/core/told-deadline.ts'

function told(bound: number, deadline: number): string {
  const fields: string[] = []
  tellDeadline(fields, bound, deadline)
  return fields.filter((_, i) => i % 2 === 1).join(' ')
}

t.test('tellDeadline() rounds down and says never 0', async (t) => {
  const each = [500, 499.9, 1, 0.4, 0, -3].map((left) => told(left, left))
  t.strictSame(each, ['500', '499', '1', '1', '1', '1'])
})

t.test('tellDeadline() says the deadline where it is not the bound', async (t) => {
  t.equal(told(400, 2000.5), '400 2000')
  t.equal(told(400, Number.POSITIVE_INFINITY), '400 none')
  t.equal(told(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY), '')
})

t.test('toldDeadline() believes the deadline before the timeout, and what is no count of ms not at all', async (t) => {
  const each = [
    ['500', ''],
    ['500', '2000'],
    ['500', 'none'],
    ['500', '-1'],
    ['1e3', ''],
    ['9999999999', ''],
  ].map(([timeout, deadline]) => toldDeadline(timeout as string, deadline as string))
  t.strictSame(each, [500, 2000, -1, 500, -1, -1])
})
