package org.sluice.spi.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * Where untagged traffic goes.
 *
 * @param kind what becomes of it
 * @param context the context for TRANSLATED, else null
 */
public record Attachment(Kind kind, TranslationContext context) {
    /** Kinds. */
    public enum Kind {
        /** Aborts. */
        BLOCKED,
        /** Passes untranslated. */
        IDENTITY,
        /** Is translated. */
        TRANSLATED
    }

    /** All of it aborts. */
    public static final Attachment BLOCKED = new Attachment(Kind.BLOCKED, null);
    /** All of it passes. */
    public static final Attachment IDENTITY = new Attachment(Kind.IDENTITY, null);

    /** Checks that a context is there exactly when it is needed. */
    public Attachment {
        if ((context != null) != (kind == Kind.TRANSLATED)) {
            throw new IommuException(Errno.EINVAL, "a context goes with TRANSLATED and only with it, kind is " + kind);
        }
    }

    /**
     * Translation through a context.
     *
     * @param context installed
     * @return the attachment
     */
    public static Attachment to(TranslationContext context) {
        return new Attachment(Kind.TRANSLATED, context);
    }
}
