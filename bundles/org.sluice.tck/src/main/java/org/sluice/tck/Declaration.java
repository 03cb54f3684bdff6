package org.sluice.tck;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/**
 * What a properties file declares of a format. Keys begin with the format's name and a dot; what is not there has the
 * value of most formats, and without any configuration the usual ones are tried.
 */
final class Declaration {
    private static final long[] USUAL_SIZES = {
        1L << 12 | 1L << 21 | 1L << 30, 1L << 14 | 1L << 25, 1L << 16 | 1L << 29, 1L << 12
    };
    private static final int[][] USUAL_BITS = {{48, 48}, {39, 40}, {32, 32}};

    private final Properties properties;
    private final PageTableFormat format;

    Declaration(Properties properties, PageTableFormat format) {
        this.properties = properties;
        this.format = format;
    }

    /**
     * The format with what is declared.
     *
     * @throws IommuException EINVAL for a value that cannot be, naming key and value; or when no configuration is declared
     *     and none of the usual ones is accepted
     */
    FormatUnderTest formatUnderTest(MemoryFactory memory) {
        List<PageTableConfig> configs = declaredConfigs();
        FormatUnderTest subject = FormatUnderTest.of(format, configs.isEmpty() ? usualConfigs(memory) : configs);
        String refused = value("refused-protections", "");
        Errno refusal = choice(Errno.class, "refusal", Errno.EINVAL.name());
        Integer[] protections = Arrays.stream(refused.isEmpty() ? new String[0] : refused.split(" *, *"))
                .map(text -> (int) number("refused-protections", text))
                .toArray(Integer[]::new);
        subject = subject.withProtections(Protections.atLeastAccess().refusing(refusal, protections))
                .withMisaligned(choice(Errno.class, "misaligned", Errno.EINVAL.name()))
                .withUnmapRule(choice(UnmapRule.class, "unmap-rule", UnmapRule.REFUSE_PART.name()));
        boolean splits = Boolean.parseBoolean(value("splits", "false"));
        subject = subject.withSplitting(config -> splits).withDirtyMarks(dirtyMarks());
        String spans = value("table-spans", "");
        long bitmap = spans.isEmpty() ? 0 : number("table-spans", spans);
        int descriptorBytes = (int) number("descriptor-bytes", value("descriptor-bytes", "8"));
        if (descriptorBytes != 4 && descriptorBytes != 8) {
            throw refusal("descriptor-bytes", Integer.toString(descriptorBytes), "4 or 8");
        }
        return spans.isEmpty()
                ? subject.withTables(subject.tableSpans(), descriptorBytes)
                : subject.withTables(config -> bitmap, descriptorBytes);
    }

    /** How hardware marks leaves; null when neither bits that it sets nor bits that it clears are declared. */
    private DirtyMarks dirtyMarks() {
        long sets = number("dirty-sets", value("dirty-sets", "0"));
        long clears = number("dirty-clears", value("dirty-clears", "0"));
        boolean fromTheStart = Boolean.parseBoolean(value("dirty-from-the-start", "false"));
        int quirk = (int) number("dirty-quirk", value("dirty-quirk", "0"));
        return sets == 0 && clears == 0 ? null : new DirtyMarks(sets, clears, fromTheStart, quirk);
    }

    private List<PageTableConfig> declaredConfigs() {
        List<PageTableConfig> configs = new ArrayList<>();
        String prefix = format.name() + ".config.";
        for (String key : new TreeSet<>(properties.stringPropertyNames())) {
            if (key.startsWith(prefix)) {
                configs.add(config(key.substring(format.name().length() + 1), properties.getProperty(key)));
            }
        }
        return configs;
    }

    private PageTableConfig config(String key, String text) {
        String[] parts = text.trim().split(" *, *");
        if (parts.length < 3 || parts.length > 5) {
            throw refusal(key, text, "page sizes, input bits, output bits[, coherent or not[, quirks]]");
        }
        boolean coherent = parts.length < 4 || Boolean.parseBoolean(parts[3]);
        int quirks = parts.length < 5 ? 0 : (int) number(key, parts[4]);
        return new PageTableConfig(
                format.name(),
                number(key, parts[0]),
                (int) number(key, parts[1]),
                (int) number(key, parts[2]),
                coherent,
                quirks);
    }

    private List<PageTableConfig> usualConfigs(MemoryFactory memory) {
        List<PageTableConfig> accepted = new ArrayList<>();
        StringBuilder refusals = new StringBuilder();
        for (long sizes : USUAL_SIZES) {
            for (int[] bits : USUAL_BITS) {
                PageTableConfig config = new PageTableConfig(format.name(), sizes, bits[0], bits[1], true, 0);
                try {
                    format.create(config, new TableLedger(memory));
                    accepted.add(config);
                } catch (IommuException refused) {
                    refusals.append("\n  ").append(refused.getMessage());
                }
            }
        }
        if (accepted.isEmpty()) {
            throw new IommuException(
                    Errno.EINVAL,
                    format.name() + " accepts none of the usual configurations; declare one as " + format.name()
                            + ".config.1" + refusals);
        }
        return accepted;
    }

    private String value(String key, String otherwise) {
        return properties.getProperty(format.name() + "." + key, otherwise).trim();
    }

    private <E extends Enum<E>> E choice(Class<E> type, String key, String otherwise) {
        String text = value(key, otherwise);
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> constant.name().equals(text))
                .findFirst()
                .orElseThrow(() -> refusal(key, text, Arrays.toString(type.getEnumConstants())));
    }

    private long number(String key, String text) {
        try {
            return text.startsWith("0x") ? Long.parseUnsignedLong(text.substring(2), 16) : Long.parseLong(text);
        } catch (NumberFormatException noNumber) {
            throw refusal(key, text, "a number, decimal or with 0x");
        }
    }

    private IommuException refusal(String key, String text, String wanted) {
        return new IommuException(
                Errno.EINVAL, format.name() + "." + key + " is \"" + text + "\", and must be " + wanted);
    }
}
