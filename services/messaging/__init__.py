"""SMS and WhatsApp: accepting texts, answering them, and following up."""
