package lambdaemulator

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// environment returns the variables of a process: those of this one, and over them what
// Lambda sets.
func environment(s Settings, api string, number int) []string {
	var env []string
	for _, setting := range os.Environ() {
		if !strings.HasPrefix(setting, "AWS_LAMBDA_") && !strings.HasPrefix(setting, "LAMBDA_") {
			env = append(env, setting)
		}
	}
	return append(env,
		"AWS_LAMBDA_RUNTIME_API="+api,
		"AWS_LAMBDA_FUNCTION_NAME="+s.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		fmt.Sprintf("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%d", s.Memory),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/"+s.Name,
		fmt.Sprintf("AWS_LAMBDA_LOG_STREAM_NAME=%s[$LATEST]%032x", time.Now().UTC().Format("2006/01/02/"), number),
		"AWS_REGION="+s.Region,
		"AWS_DEFAULT_REGION="+s.Region,
		"_HANDLER=bootstrap",
		"TZ=:UTC",
	)
}

// taskRoot returns the variable that says where the program is.
func taskRoot(binary string) string { return "LAMBDA_TASK_ROOT=" + filepath.Dir(binary) }

// arn returns the name that a caller has used, in full.
func arn(s Settings, qualifier string) string {
	name := "arn:aws:lambda:" + s.Region + ":" + Account + ":function:" + s.Name
	if qualifier != "" {
		name += ":" + qualifier
	}
	return name
}

// version returns the version that a qualifier means: an alias is that of the latest.
func version(qualifier string) string {
	if qualifier != "" && strings.Trim(qualifier, "0123456789") == "" {
		return qualifier
	}
	return "$LATEST"
}
