package command

import "github.com/spf13/pflag"

// AddDatabaseFlags defines the flags of a command that uses the product's
// database.
func AddDatabaseFlags(flags *pflag.FlagSet, url *string, migrate *bool) {
	flags.StringVar(url, "database", "", "keep jobs and ticks there: sqlite:///path or postgres://… as `URL`, or jobs in a queue of AWS: sqs://REGION/ACCOUNT/QUEUE")
	flags.BoolVar(migrate, "migrate-at-start", true, "bring the database's tables up to date when the program starts")
}
