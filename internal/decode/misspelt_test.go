package decode_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/decode"
)

func TestCompileRefusesMisspeltRules(t *testing.T) {
	for key, want := range map[string]string{
		"maxLenght": "maxLength", "maxLengt": "maxLength", "maxLengthh": "maxLength", "mxaLegnth": "maxLength",
		"max_length": "maxLength", "MaxLength": "maxLength", "max-length": "maxLength", "MAXLENGTH": "maxLength",
		"maxlen": "maxLength", "minLen": "minLength", "min_lenght": "minLength",
		"requird": "required", "requred": "required", "require": "required", "Required": "required", "requierd": "required",
		"min": "minimum", "max": "maximum", "Min": "minimum", "MAX": "maximum",
		"minimun": "minimum", "mininum": "minimum", "maximun": "maximum", "maxmium": "maximum", "maximumm": "maximum",
		"exclusiveMin": "exclusiveMinimum", "exclusive_maximum": "exclusiveMaximum", "exlusiveMinimun": "exclusiveMinimum",
		"multiple_of": "multipleOf", "multipleoff": "multipleOf", "multiple": "multipleOf",
		"minItem": "minItems", "mxItems": "maxItems", "max_items": "maxItems", "unique_items": "uniqueItems", "uniqeItem": "uniqueItems",
		"patern": "pattern", "pattren": "pattern", "regexPattern": "",
		"fromat": "format", "formt": "format", "Format": "format",
		"defualt": "default", "defaults": "default", "exampel": "example", "depreciated": "deprecated",
		"Enum": "enum", "e_num": "enum", "Doc": "doc",
	} {
		t.Run(key, func(t *testing.T) {
			_, err := decode.Compile(with[string](key+`:"1"`), nil)
			if want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if want = "v: tag " + key + ": there is no such rule; did you mean " + want + "?"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

// The keys of other libraries are none of our business.
func TestCompileTakesTagsOfOthers(t *testing.T) {
	keys := `json xml yaml toml form query path header cookie db gorm bson env validate binding mapstructure
		msgpack protobuf csv url uri param schema sql dynamodbav redis description title readOnly writeOnly hidden
		swagger lint copier flag long short help name desc note unit label
		avro bun cbor codec conform cty dynamo ent envconfig envDefault env-default envPrefix firestore fake faker
		graphql hash hcl idx index ini jsonapi jsonschema kong koanf locationName mod mapper optional orm parquet pg
		placeholder plist position prefix primary_key properties protobuf_oneof reform reindex rql sep sensitive
		spanner struct structs survey swaggertype swaggerignore tag test type unique usage valid validator
		view xorm zap collectionFormat enums extensions choice command group ignored inline nullable oneof omitempty
		timeout time_format time_utc time_location from to of at in on id key a x`
	for key := range strings.FieldsSeq(keys) {
		t.Run(key, func(t *testing.T) {
			typ := reflect.StructOf([]reflect.StructField{{
				Name: "V", Type: reflect.TypeFor[string](), Tag: reflect.StructTag(key + `:"1"`),
			}})
			if _, err := decode.Compile(typ, nil); err != nil {
				t.Error(err)
			}
		})
	}
}
