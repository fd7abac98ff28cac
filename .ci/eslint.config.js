import neostandard from 'neostandard'

export default neostandard({
  ts: true,
  ignores: ['dist/**', '.tap/**', 'node_modules/**', 'coverage/**', 'src/console/vendor/**', 'src/api/openapi.ts', 'test/contract/generated/**']
})
