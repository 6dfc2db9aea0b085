// Package durable is what the engines have in common: River for the jobs, and a
// ledger of the tasks in two tables beside River's. An engine adds its driver.
package durable
