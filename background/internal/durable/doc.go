// Package durable is what the engines share: River keeps the jobs, and two
// tables beside those of River are the ledger of the tasks. An engine adds its
// driver.
package durable
