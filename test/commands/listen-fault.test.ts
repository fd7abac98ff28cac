import t from 'tap'
import { listenFault } from '../../src/commands/listen-fault.ts'

t.test('listenFault', async (t) => {
  const say = (code: unknown) => listenFault(Object.assign(new Error('x'), { code }), '127.0.0.1', 80, 'PORT')
  t.equal(say('EADDRINUSE'), '127.0.0.1:80 is in use; set PORT to another port.')
  t.equal(say('EACCES'), '127.0.0.1:80 may not be used by this user; set PORT to a port above 1023.')
  for (const code of ['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN']) t.equal(say(code), '127.0.0.1:80 is no address of this machine.')
  t.equal(say('EIO'), undefined)
  t.equal(listenFault(new Error('The sandbox folder x is in use by another process.'), 'a', 1, 'PORT'), 'The sandbox folder x is in use by another process.')
  t.equal(listenFault(new Error('The sandbox needs x.'), 'a', 1, 'PORT'), 'The sandbox needs x.')
  t.equal(listenFault(new Error('x'), 'a', 1, 'PORT'), undefined)
  t.equal(listenFault('x', 'a', 1, 'PORT'), undefined)
})
