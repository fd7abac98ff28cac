import t from 'tap'
import { refusalOf } from '../../src/redis/refusal.ts'

t.test('what Redis and Sentinels answer to a wrong configuration is told in words of our own', async (t) => {
  const refused: ReadonlyArray<readonly [string, RegExp]> = [
    ['WRONGPASS invalid username-password pair or user is disabled.', /user name or password that Redis does not accept/],
    ['ERR invalid password', /user name or password/],
    ['NOAUTH Authentication required.', /no password/],
    ['NOPERM this user has no permissions to run the \'eval\' command', /without the rights/],
    ['ERR The user executing the script can\'t run this command or subcommand script: 1, on @user_script:2.', /without the rights/],
    ['ERR DB index is out of range', /number of a database/],
    ['MOVED 1 127.0.0.1:7001', /redis\+cluster/],
    ['Failed to refresh slots cache. ERR This instance has cluster support disabled', /belongs to no cluster/],
    ['ERR unknown command \'eval\', with args beginning with: ', /runs no scripts/],
    ['failed to connect to sentinel h:1 because WRONGPASS invalid username-password pair', /sentinel_password that the Sentinels do not accept/],
    ['failed to connect to sentinel h:1 because NOAUTH Authentication required.', /no sentinel_password/],
    ['failed to connect to sentinel h:1 because ERR unknown command \'sentinel\', with args', /not a Sentinel/],
    ['failed to connect to sentinel h:1 because ERR No such master with that name', /master that the Sentinels do not know/],
    ['connected to sentinel h:1 successfully, but got an invalid reply: null', /master that the Sentinels do not know/]
  ]
  for (const [message, reason] of refused) {
    const cause = new Error(message)
    t.match(refusalOf(cause), { name: 'RedisRefusal', message: reason, cause }, message)
    t.match(refusalOf(cause)?.message, /^REDIS_URL /)
  }
  const ofCluster = Object.assign(new Error('Failed to refresh slots cache.'), { lastNodeError: new Error('NOAUTH Authentication required.') })
  t.match(refusalOf(ofCluster)?.message, /no password/)
})

t.test('what passes by itself is no refusal', async (t) => {
  const passing = [
    'connect ECONNREFUSED 127.0.0.1:6379',
    'LOADING Redis is loading the dataset in memory',
    'READONLY You can\'t write against a read only replica.',
    'MISCONF Redis is configured to save RDB snapshots',
    'OOM command not allowed when used memory > \'maxmemory\'.',
    'MASTERDOWN Link with MASTER is down',
    'CLUSTERDOWN Hash slot not served',
    'ERR refused, with args: auth user',
    'Connection is closed.'
  ]
  for (const message of passing) t.equal(refusalOf(new Error(message)), undefined, message)
  t.equal(refusalOf('NOAUTH'), undefined, 'no error')
})
