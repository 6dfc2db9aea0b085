// Package command is what every command of apiphant has in common: the
// apiphant command and its subcommands, and those of a built product.
//
// A setting is a flag and an environment variable (--max-body is
// APIPHANT_MAX_BODY); the flag comes before the variable, the variable before
// the default. An error is one message on standard error. The exit status is 0,
// 1 for a failure, or 2 for wrong usage.
package command
