package judges;

import java.util.List;
import java.util.Map;

/** One JSON object on one line of standard output: strings, booleans and lists of strings. */
final class Line {
    private Line() {}

    static void print(Map<String, ?> values) {
        StringBuilder out = new StringBuilder("{");
        values.forEach((name, value) -> {
            if (out.length() > 1) {
                out.append(", ");
            }
            append(out, name);
            out.append(": ");
            append(out, value);
        });
        System.out.println(out.append('}'));
    }

    private static void append(StringBuilder out, Object value) {
        if (value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof List) {
            out.append('[');
            String between = "";
            for (Object item : (List<?>) value) {
                out.append(between);
                append(out, item);
                between = ", ";
            }
            out.append(']');
        } else {
            quote(out, String.valueOf(value));
        }
    }

    private static void quote(StringBuilder out, String text) {
        out.append('"');
        for (char letter : text.toCharArray()) {
            if (letter == '"' || letter == '\\') {
                out.append('\\').append(letter);
            } else if (letter < ' ' || letter > '~') {
                out.append(String.format("\\u%04x", (int) letter));
            } else {
                out.append(letter);
            }
        }
        out.append('"');
    }
}
