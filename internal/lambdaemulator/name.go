package lambdaemulator

import (
	"fmt"
	"net/http"
	"regexp"
)

// namePattern is AWS's: NAME, NAME:QUALIFIER, ACCOUNT:function:NAME, or an ARN.
var namePattern = regexp.MustCompile(`^(?:arn:aws[a-zA-Z-]*:lambda:)?(?:[a-z]{2}(?:-[a-z]+)+-\d:)?(?:\d{12}:)?(?:function:)?([a-zA-Z0-9-_.]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$`)

// qualifierOf returns the alias or the version that a caller wants of the function, as
// it has written its name and the parameter Qualifier. Any alias and any version is that
// of the one program.
func (s Settings) qualifierOf(written, parameter string) (string, *apiError) {
	parts := namePattern.FindStringSubmatch(written)
	if parts == nil || len(written) > 170 {
		return "", &apiError{http.StatusBadRequest, "ValidationException", fmt.Sprintf(
			"1 validation error detected: Value '%.170s' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: "+
				`(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`, written)}
	}
	name, qualifier := parts[1], parts[2]
	if parameter != "" && !qualifierPattern.MatchString(parameter) {
		return "", &apiError{http.StatusBadRequest, "ValidationException", fmt.Sprintf(
			"1 validation error detected: Value '%.128s' at 'qualifier' failed to satisfy constraint: Member must satisfy regular expression pattern: "+qualifierPattern.String(), parameter)}
	}
	if qualifier != "" && parameter != "" && qualifier != parameter {
		return "", &apiError{http.StatusBadRequest, "InvalidParameterValueException",
			"The derived qualifier from the function name does not match the specified qualifier."}
	}
	if qualifier == "" {
		qualifier = parameter
	}
	if name != s.Name {
		other := s
		other.Name = name
		return "", &apiError{http.StatusNotFound, "ResourceNotFoundException", "Function not found: " + arn(other, qualifier)}
	}
	return qualifier, nil
}

var qualifierPattern = regexp.MustCompile(`^(\$LATEST|[a-zA-Z0-9-_]{1,128})$`)
