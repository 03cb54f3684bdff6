/** Tests. */
package org.sluice.process.internal;
