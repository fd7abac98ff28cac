import { blankTypes } from './typescript.js?hooks' // under this name it hooks into nothing

await blankTypes()
